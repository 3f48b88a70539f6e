// Which keys are the page's, and none of the browser's commands.

const USED = ["Tab", "Enter", " ", "Escape", "Backspace", "Delete", "Home", "End", "PageUp", "PageDown",
  "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"];
const LARGER = ["+", "=", "-", "0"];

/** Whether the browser may do what it does at this key: not open windows, lists of tasks, history or help. Larger print it may. */
export function isHarmless({ key, ctrlKey, altKey, metaKey, shiftKey }) {
  if (altKey || metaKey) return false;
  if (ctrlKey) return LARGER.includes(key);
  if (key === "Escape" && shiftKey) return false;
  return USED.includes(key) || /^[0-9]$/.test(key);
}

/** Whether this key presses nothing where the focus is: somebody tries the keys, and may not see the screen. */
export function pressesNothing({ key, ctrlKey, altKey, metaKey, repeat }) {
  if (ctrlKey || altKey || metaKey || repeat) return false;
  return ["Enter", " "].includes(key) ? document.activeElement?.tagName !== "BUTTON" : /^[0-9]$/.test(key);
}
