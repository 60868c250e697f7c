/** The token: in the link's fragment at first, then kept by this tab, out of sight. */

const KEY = "reactor-token";

/**
 * @param {string} text A link, or the token itself.
 * @returns {string}
 */
export function tokenIn(text) {
  const fragment = text.includes("#") ? text.slice(text.indexOf("#") + 1) : "";
  return new URLSearchParams(fragment).get("token") ?? text.trim();
}

/** @param {string} text */
export function keepToken(text) {
  sessionStorage.setItem(KEY, tokenIn(text));
}

/** @returns {import("../reactor.js").ReactorOptions} As the link says them. */
export function options() {
  const said = new URLSearchParams(location.hash.slice(1));
  const token = said.get("token");
  if (token) keepToken(token);
  const rest = new URLSearchParams([...said].filter(([name]) => name !== "token"));
  if (token) history.replaceState(null, "", `${location.pathname}${rest.size ? `#${rest}` : ""}`);
  const codecs = /** @type {any} */ (said.get("codecs")?.split(","));
  const transport = /** @type {any} */ (said.get("transport") ?? "auto");
  return { url: location.href, token: sessionStorage.getItem(KEY) ?? "", codecs, transport, name: "viewer" };
}
