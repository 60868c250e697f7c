/** What surrounds the model: theme, tabs, full screen, figures. */

import { the } from "./dom.js";

const THEME = "reactor-theme";

/** Dark or light: as the system has it until the person says otherwise. */
export function setUpTheme() {
  const root = document.documentElement;
  const saved = localStorage.getItem(THEME);
  if (saved) root.dataset.theme = saved;
  const toggle = () => {
    const light = root.dataset.theme ? root.dataset.theme === "light" : matchMedia("(prefers-color-scheme: light)").matches;
    root.dataset.theme = light ? "dark" : "light";
    localStorage.setItem(THEME, root.dataset.theme);
  };
  the("theme").addEventListener("click", toggle);
  return toggle;
}

/**
 * Two pages in the panel, as tabs are meant to work.
 * @param {() => void} seen The second one was opened.
 */
export function setUpTabs(seen) {
  const tabs = [the("tab-controls"), the("tab-log")];
  const open = (/** @type {number} */ chosen) => {
    tabs.forEach((tab, place) => {
      tab.setAttribute("aria-selected", String(place === chosen));
      tab.tabIndex = place === chosen ? 0 : -1;
      the(tab.getAttribute("aria-controls")).hidden = place !== chosen;
    });
    if (chosen === 1) seen();
  };
  tabs.forEach((tab, place) => {
    tab.addEventListener("click", () => open(place));
    tab.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      open(1 - place);
      tabs[1 - place].focus();
    });
  });
  return () => open(the("page-log").hidden ? 1 : 0);
}

/** The picture alone. */
export function setUpFullscreen() {
  const toggle = () => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void the("stage").requestFullscreen().catch(() => {});
  };
  the("fullscreen").addEventListener("click", toggle);
  document.addEventListener("fullscreenchange", () => {
    the("fullscreen").setAttribute("aria-pressed", String(Boolean(document.fullscreenElement)));
  });
  return toggle;
}

/** Figures over the picture, or not. */
export function setUpFigures() {
  const toggle = () => {
    the("hud").hidden = !the("hud").hidden;
    the("figures").setAttribute("aria-pressed", String(!the("hud").hidden));
  };
  the("figures").addEventListener("click", toggle);
  return toggle;
}
