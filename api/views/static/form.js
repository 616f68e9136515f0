// Fetches the page that the form would lead to and takes its answer over, so that nothing is shown in two ways.
const form = document.getElementById("form");

async function predict(event) {
  event.preventDefault();
  const button = form.querySelector("button[type=submit]");
  const place = document.getElementById("answer");
  const fields = new URLSearchParams(new FormData(form));
  button.disabled = true;
  place.setAttribute("aria-busy", "true");
  try {
    const reply = await fetch(form.action, { method: "POST", body: fields });
    const fresh = new DOMParser().parseFromString(await reply.text(), "text/html");
    if (!fresh.getElementById("answer")) throw new Error(`${reply.status} ${reply.statusText}`);
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
    const said = document.createElement("p");
    said.className = "status wrong";
    said.textContent = `No answer: ${error.message}`;
    place.replaceChildren(said);
  }
  button.disabled = false;
  place.removeAttribute("aria-busy");
}

// Calls to copy name the address that this page came from.
function finish() {
  for (const part of document.querySelectorAll("[data-origin]")) part.textContent = new URL(".", location).href.slice(0, -1);
  for (const call of document.querySelectorAll("[data-call]")) call.before(copier(call));
}

form.addEventListener("submit", predict);
finish();
