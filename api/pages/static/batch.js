// Sends a CSV file piece by piece, so that the page stays alive and other callers are answered in between.
const ROWS = 2000, SHOWN = 20, MAX_PROBLEMS = 1000, BINS = 12;
const at = (id) => document.getElementById(id);
const form = at("form");
let running = null;

// Gives the lines of a CSV text that comes in parts; a line break between quotes belongs to its cell.
async function* records(parts) {
  let rest = "", quoted = false, from = 0, first = true;
  for await (const part of parts) {
    rest += first ? part.replace(/^\uFEFF/, "") : part;
    first = false;
    let start = 0;
    for (let place = from; place < rest.length; place++) {
      const char = rest[place];
      if (char === '"') quoted = !quoted;
      else if (char === "\n" && !quoted) {
        const line = rest.slice(start, place).replace(/\r$/, "");
        if (line) yield line;
        start = place + 1;
      }
    }
    rest = rest.slice(start);
    from = rest.length;
  }
  rest = rest.replace(/\r$/, "");
  if (rest) yield rest;
}

async function* chunks(parts) {
  let header = null, lines = [];
  for await (const line of records(parts)) {
    if (header === null) header = line;
    else if (lines.push(line) === ROWS) {
      yield { header, lines };
      lines = [];
    }
  }
  if (header === null || (!lines.length && !running.rows)) throw new Error("the file must have a header and at least one row");
  if (lines.length) yield { header, lines };
}

async function* texts(file) {
  if (typeof file === "string") return yield file;
  const reader = file.stream().pipeThrough(new TextDecoderStream("utf-8", { fatal: true })).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
}

// Sends one piece; rows that are refused are listed and left out, and the others are sent again.
async function send({ header, lines }, offset) {
  let left = lines.map((line, place) => [offset + place + 1, line]);
  for (;;) {
    const headers = { "Content-Type": "text/csv", Accept: "text/csv, application/json;q=0.1" };
    if (at("key").value) headers["X-API-Key"] = at("key").value;
    const body = [header, ...left.map(([, line]) => line)].join("\n");
    const response = await fetch(form.action, { method: "POST", headers, body, signal: running.abort.signal });
    const text = await response.text();
    if (response.ok) return text.replace(/\n$/, "").split(/\n(?=(?:[^"]*"[^"]*")*[^"]*$)/);
    const error = JSON.parse(text);
    const faults = (error.detail ?? []).filter(({ loc }) => Number.isInteger(loc?.[1]));
    if (response.status !== 422 || !faults.length) throw new Error(error.message ?? `${response.status} ${response.statusText}`);
    for (const { loc, msg } of faults) running.problems.push([left[loc[1]][0], loc[2] ?? "", msg]);
    if (running.problems.length > MAX_PROBLEMS) throw new Error(`more than ${MAX_PROBLEMS} values are wrong; the first is: ${error.message}`);
    const bad = new Set(faults.map(({ loc }) => loc[1]));
    left = left.filter((_, place) => !bad.has(place));
    if (!left.length) return [];
  }
}

function cells(line) {
  return [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].slice(0, -1).map(([, cell]) =>
    cell.startsWith('"') ? cell.slice(1, -1).replace(/""/g, '"') : cell);
}

const row = (kind, values) => {
  const node = document.createElement("tr");
  node.append(...values.map((value) => Object.assign(document.createElement(kind), { textContent: value })));
  return node;
};

async function run(event) {
  event.preventDefault();
  const source = at("paste").value.trim() || at("file").files[0];
  at("result").hidden = false;
  if (!source) return setStatus("Choose a file or paste rows first.", true);
  running = { abort: new AbortController(), rows: 0, done: 0, problems: [], output: [], answers: new Map() };
  for (const id of ["download", "chart", "problems", "rows"]) at(id).hidden = true;
  at("rows").querySelector("table").replaceChildren();
  form.querySelector("[type=submit]").disabled = true;
  at("stop").hidden = false;
  const size = typeof source === "string" ? source.length : source.size;
  const start = performance.now();
  let failure = null;
  try {
    let sent = 0;
    for await (const chunk of chunks(texts(source))) {
      take(await send(chunk, running.rows));
      running.rows += chunk.lines.length;
      sent += chunk.lines.reduce((sum, line) => sum + line.length + 1, 0);
      at("progress").value = Math.min(sent / size, 1);
      setStatus(`${running.done.toLocaleString("en")} rows predicted…`);
    }
    at("progress").value = 1;
  } catch (error) {
    failure = error.name === "AbortError" ? "Stopped" : error.message;
  }
  finish(failure, performance.now() - start);
}

function take(lines) {
  if (!lines.length) return;
  const [header, ...rows] = lines;
  const table = at("rows").querySelector("table");
  if (!running.output.length) {
    running.output.push(header);
    const head = document.createElement("thead");
    head.append(row("th", cells(header)));
    table.append(head, document.createElement("tbody"));
    at("rows").hidden = false;
  }
  for (const line of rows) {
    const answer = line.slice(line.lastIndexOf(",") + 1);
    running.answers.set(answer, (running.answers.get(answer) ?? 0) + 1);
    if (running.done++ < SHOWN) table.tBodies[0].append(row("td", cells(line)));
  }
  running.output.push(rows.join("\n"));
}

function setStatus(text, wrong = false) {
  at("status").className = wrong ? "status wrong" : "status";
  at("status").textContent = text;
}

function finish(failure, time) {
  form.querySelector("[type=submit]").disabled = false;
  at("stop").hidden = true;
  const { done, problems, output } = running;
  const summary = `${done.toLocaleString("en")} rows predicted in ${(time / 1000).toFixed(1)} s`;
  const left = new Set(problems.map(([number]) => number)).size;
  setStatus([failure, summary, left && `${left} left out`].filter(Boolean).join("; "), Boolean(failure));
  at("problems").hidden = !problems.length;
  at("problems").querySelector("tbody").replaceChildren(...problems.slice(0, 100).map((each) => row("td", each)));
  if (!done) return;
  const link = at("download");
  URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(new Blob([output.join("\n"), "\n"], { type: "text/csv" }));
  link.download = "predictions.csv";
  link.hidden = false;
  chart([...running.answers]);
}

// How often each class was predicted, or how many numbers lie in each of a dozen ranges.
function chart(counted) {
  const numbers = counted.map(([answer]) => Number(answer));
  let bars = counted;
  if (counted.length > BINS && numbers.every(Number.isFinite)) {
    const low = Math.min(...numbers), wide = (Math.max(...numbers) - low) / BINS || 1;
    bars = Array.from({ length: BINS }, (_, place) => [`${(low + place * wide).toPrecision(3)} –`, 0]);
    for (const [answer, amount] of counted) bars[Math.min(BINS - 1, Math.floor((Number(answer) - low) / wide))][1] += amount;
  } else bars = bars.sort((one, other) => other[1] - one[1]).slice(0, BINS);
  const most = Math.max(...bars.map(([, amount]) => amount));
  const list = document.createElement("dl");
  list.className = "counts";
  for (const [name, amount] of bars) {
    const bar = Object.assign(document.createElement("progress"), { max: most, value: amount });
    bar.setAttribute("aria-label", name);
    const value = document.createElement("dd");
    value.append(bar, ` ${amount.toLocaleString("en")}`);
    list.append(Object.assign(document.createElement("dt"), { textContent: name }), value);
  }
  at("chart").querySelector("div").replaceChildren(list);
  at("chart").hidden = false;
}

for (const node of document.querySelectorAll(".script")) node.hidden = false;
form.addEventListener("submit", run);
at("stop").addEventListener("click", () => running.abort.abort());
const drop = at("drop");
for (const kind of ["dragover", "drop"]) drop.addEventListener(kind, (event) => event.preventDefault());
drop.addEventListener("drop", (event) => { at("file").files = event.dataTransfer.files; });
