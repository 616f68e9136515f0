// Fetches the page that the form leads to and shows its answer in this page, so that each answer is rendered once.
const form = document.getElementById("form");

async function predict(event) {
  event.preventDefault();
  const button = form.querySelector("button[type=submit]");
  const place = document.getElementById("answer");
  const fields = new URLSearchParams(new FormData(form));
  button.disabled = true;
  place.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(form.action, { method: "POST", body: fields });
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    if (!fresh.getElementById("answer")) throw new Error(`${response.status} ${response.statusText}`);
    place.replaceChildren(...fresh.getElementById("answer").childNodes);
    for (const note of form.querySelectorAll(".field small")) {
      const other = fresh.getElementById(note.id);
      const field = form.querySelector(`[aria-describedby="${note.id}"]`);
      note.replaceChildren(...other.childNodes);
      if (note.querySelector(".wrong")) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    }
    form.querySelector("[aria-invalid]")?.focus();
    finish();
  } catch (error) {
    const failure = document.createElement("p");
    failure.className = "status wrong";
    failure.textContent = `No answer: ${error.message}`;
    place.replaceChildren(failure);
  }
  button.disabled = false;
  place.removeAttribute("aria-busy");
}

// The calls to copy contain the address of this page.
function finish() {
  for (const part of document.querySelectorAll("[data-origin]")) part.textContent = new URL(".", location).href.slice(0, -1);
  for (const call of document.querySelectorAll("[data-call]")) call.before(copyButton(call));
}

form.addEventListener("submit", predict);
finish();
