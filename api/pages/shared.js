// A button that copies the text of an element; every script begins with it.
"use strict";

// The clipboard is there on secure origins only; elsewhere the old command still copies what is selected.
function copyButton(pre) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.onclick = () => {
    getSelection().selectAllChildren(pre);
    if (navigator.clipboard) navigator.clipboard.writeText(pre.textContent);
    else document.execCommand("copy");
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };
  return button;
}
