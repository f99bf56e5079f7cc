// What CSS can't do: print what is folded, or print without the solutions, and let the keyboard
// scroll what is too wide.
(() => {
  const solutions = () =>
    [...document.querySelectorAll("details")].filter((details) =>
      details.querySelector("summary").textContent.startsWith("Solution"),
    );
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach((details) => (details.open = true));
  });
  addEventListener("afterprint", () => {
    opened.forEach((details) => (details.open = false));
    solutions().forEach((details) => (details.hidden = false));
  });

  const reachByKeyboard = () => {
    const wide = "pre, .formula, .output, .pst-scrollable-table-container, table";
    document.querySelectorAll(wide).forEach((element) => {
      const style = getComputedStyle(element);
      const scrolls =
        (element.scrollWidth > element.clientWidth && style.overflowX !== "visible") ||
        (element.scrollHeight > element.clientHeight && style.overflowY !== "visible");
      if (scrolls) element.tabIndex = 0;
    });
  };
  addEventListener("load", reachByKeyboard);
  addEventListener("resize", reachByKeyboard);

  addEventListener("DOMContentLoaded", () => {
    document.getElementById("print")?.addEventListener("click", () => print());
    document.getElementById("print-tasks")?.addEventListener("click", () => {
      solutions().forEach((details) => (details.hidden = true));
      print();
    });
  });
})();
