"use strict";
(() => {
  const all = (selector) => document.querySelectorAll(selector);
  const root = document.documentElement;
  const actions = {
    open: () => all("#threads details").forEach((one) => { one.open = true; }),
    close: () => all("#threads details").forEach((one) => { one.open = false; }),
    theme: () => {
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
    },
  };
  all("button[data-act]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", actions[button.dataset.act]);
  });
  all(".filter").forEach((box) => {
    box.hidden = false;
    box.addEventListener("input", () => {
      const wanted = box.value.toLowerCase();
      all("details.thread").forEach((one) => { one.hidden = !one.textContent.toLowerCase().includes(wanted); });
    });
  });
})();
