/** Elements, short to write. Styles go through classes: the page's policy allows no others. */

/**
 * @param {string} id
 * @returns {any} The element; the page is ours, so it is there.
 */
export function the(id) {
  return document.getElementById(id);
}

/**
 * Make an element. `on…` properties are listeners, `data-…`, `aria-…` and unknown ones attributes.
 * @param {string} tag
 * @param {Record<string, any>} [properties]
 * @param {...(Node | string | null | undefined)} children
 * @returns {any}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && !name.startsWith("aria")) /** @type {any} */ (element)[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/**
 * @param {string} name Of a symbol in the page.
 * @returns {SVGElement}
 */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/**
 * Say something in passing.
 * @param {string} text
 * @param {"info" | "bad"} [tone]
 */
export function toast(text, tone = "info") {
  const box = the("toasts");
  const known = [...box.children].find((shown) => shown.textContent === text);
  known?.remove();
  const shown = h("div", { className: "toast", "data-tone": tone }, text);
  box.append(shown);
  if (box.children.length > 4) box.firstElementChild.remove();
  setTimeout(() => shown.remove(), tone === "bad" ? 9000 : 4000);
}

/**
 * Hand a file to the person.
 * @param {Blob} blob
 * @param {string} name
 */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** @returns {string} For file names. */
export function stamp() {
  return new Date().toISOString().slice(0, 19).replaceAll(":", "-").replace("T", "_");
}
