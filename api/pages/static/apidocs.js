// Shows an OpenAPI document, and lets each of its operations be tried. It needs nothing but the document.
const service = document.querySelector("link[rel=service-desc]").href;
const root = new URL(".", service).href.slice(0, -1);
const page = document.getElementById("page");
const HEADERS = ["content-type", "content-length", "x-request-id", "x-model-score", "retry-after", "allow", "www-authenticate"];
let spec, key, numbers = 0;

// An element with properties, attributes where the name holds a dash, and children; text is always only text.
function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.includes("-") || name === "role") node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children.flat().filter((child) => child != null));
  return node;
}

function resolve(thing) {
  if (!thing?.$ref) return thing;
  return resolve(thing.$ref.slice(2).split("/").reduce((at, part) => at[decodeURIComponent(part).replace(/~1/g, "/").replace(/~0/g, "~")], spec));
}

// Indented, but a list without lists on one line; a string of JSON has no line break.
function pretty(value) {
  const flat = /"(?:[^"\\]|\\.)*"|\[(?:[^[\]{}"]|"(?:[^"\\]|\\.)*")*\]/g;
  return JSON.stringify(value, null, 2).replace(flat, (found) => found.replace(/\n\s*/g, " ").replace(/^\[ | \]$/g, (edge) => edge.trim()));
}

const json = (value) => JSON.stringify(value);
const idOf = (name) => `schema-${name}`;

/* Schemas, in words */

function kind(schema) {
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    return el("a", { href: `#${idOf(name)}` }, name);
  }
  if (schema.enum) return `one of ${schema.enum.map(json).join(", ")}`;
  if ("const" in schema) return json(schema.const);
  if (schema.anyOf || schema.oneOf) return schema.oneOf ? "exactly one of" : "any of";
  if (schema.type === "array" && !schema.prefixItems) {
    return schema.items ? el("span", {}, "list of ", kind(schema.items)) : "list";
  }
  if (schema.prefixItems) return `list of ${schema.prefixItems.length}`;
  if (schema.format === "binary") return "file";
  return [schema.type ?? "anything"].flat().join(" or ");
}

function inner(schema) {
  if (schema.$ref) return null;
  const row = (name, each, note) => el("li", {}, name && el("code", {}, name), " ", el("span", { className: "kind" }, kind(each)),
    note ? ` ${note}` : "", each.description ? ` – ${each.description}` : "", inner(each));
  const list = (items) => el("ul", { className: "schema" }, items);
  const choices = schema.anyOf || schema.oneOf;
  if (choices) return list(choices.map((each) => row("", each)));
  if (schema.prefixItems) return list(schema.prefixItems.map((each, place) => row(each.title ?? `${place}`, each)));
  if (schema.items) return inner(schema.items);
  if (!schema.properties) return null;
  return list(Object.entries(schema.properties).map(([name, each]) =>
    row(name, each, schema.required?.includes(name) ? "" : "(optional)")));
}

const described = (schema) => el("div", {}, el("p", {}, el("span", { className: "kind" }, kind(schema)),
  schema.description ? ` – ${schema.description}` : ""), inner(schema));

/* The form of one operation */

// Every body that may be sent: one an example, and one for a file.
function bodies(operation) {
  return Object.entries(operation.requestBody?.content ?? {}).flatMap(([type, media]) => {
    if (type.startsWith("multipart/")) return [{ type, label: "a file", file: Object.keys(media.schema.properties)[0] }];
    return Object.entries(media.examples ?? {}).map(([label, { value }]) =>
      ({ type, label, text: typeof value === "string" ? value : pretty(value) }));
  });
}

function labelled(text, control, note) {
  control.id = `field-${++numbers}`;
  return el("div", { className: "field" }, el("label", { htmlFor: control.id }, text), control, note && el("small", {}, note));
}

const choice = (names) => el("select", {}, names.map((name, place) => el("option", { value: place }, name)));

function parameter(each) {
  const { schema, example, name, description } = each;
  let control;
  if (schema.enum) control = choice(schema.enum.map(String));
  else if (schema.type === "boolean") control = choice(each.required ? ["false", "true"] : ["–", "true"]);
  else control = el("input", { value: example ?? "", autocomplete: "off", spellcheck: false });
  if (schema.enum && example != null) control.value = schema.enum.indexOf(example);
  const value = () => control.options ? control.selectedOptions[0].text : control.value;
  const skipped = () => !each.required && ["", "–"].includes(value());
  return { node: labelled(name, control, description), query: () => skipped() ? null : [name, value()] };
}

function form(path, method, operation) {
  const parameters = (operation.parameters ?? []).filter((each) => each.in === "query").map(parameter);
  const choices = bodies(operation);
  const types = Object.keys(resolve(operation.responses["200"])?.content ?? {});
  const pick = choice(choices.map(({ label, type }) => `${label} (${type})`));
  const text = el("textarea", { spellcheck: false, rows: 8 });
  const file = el("input", { type: "file", accept: ".csv,text/csv" });
  const accept = choice(types);
  const send = el("button", { type: "submit" }, "Send");
  const status = el("p", { className: "status", role: "status" });
  const answer = el("pre", { tabIndex: 0, hidden: true, "aria-label": "Answer" });
  const textField = labelled("Body", text);
  const fileField = labelled("File", file);
  const calls = { curl: el("pre", { tabIndex: 0 }), Python: el("pre", { tabIndex: 0 }) };

  // What would be sent now: the request and both of its spellings are made from this alone.
  function call() {
    const query = new URLSearchParams(parameters.map((each) => each.query()).filter(Boolean)).toString();
    const body = choices[pick.value];
    const headers = {};
    if (types.length > 1) headers.Accept = types[accept.value];
    if (body && !body.file) headers["Content-Type"] = body.type;
    if (operation.security && key.value) headers["X-API-Key"] = key.value;
    return { url: root + path + (query && `?${query}`), method: method.toUpperCase(), headers, body, text: text.value, file: file.files[0] };
  }
  function choose() {
    const body = choices[pick.value];
    textField.hidden = !body || Boolean(body.file);
    fileField.hidden = !body?.file;
    text.value = body?.text ?? "";
    text.rows = Math.min(16, text.value.split("\n").length + 1);
    write();
  }
  function write() {
    const now = call();
    if (now.headers["X-API-Key"]) now.headers["X-API-Key"] = "KEY";
    calls.curl.textContent = curl(now);
    calls.Python.textContent = python(now);
  }
  async function run(event) {
    event.preventDefault();
    write();
    const { url, method, headers, body, text, file } = call();
    if (body?.file && !file) {
      status.textContent = "Choose a file first.";
      return;
    }
    let content = body ? text : undefined;
    if (body?.file) (content = new FormData()).append(body.file, file);
    send.disabled = true;
    status.textContent = "Waiting…";
    try {
      const start = performance.now();
      const response = await fetch(url, { method, headers, body: content });
      const got = await response.text();
      const time = performance.now() - start;
      status.className = `status ${response.ok ? "good" : "wrong"}`;
      status.textContent = `${response.status} ${response.statusText} · ${time.toFixed(time < 10 ? 1 : 0)} ms`;
      const kept = HEADERS.filter((name) => response.headers.has(name)).map((name) => `${name}: ${response.headers.get(name)}`);
      answer.textContent = `${kept.join("\n")}\n\n${readable(got)}`;
      answer.hidden = false;
    } catch (error) {
      status.className = "status wrong";
      status.textContent = `No answer: ${error.message}`;
      answer.hidden = true;
    }
    send.disabled = false;
  }

  const node = el("form", { onsubmit: run, oninput: write },
    parameters.map((each) => each.node),
    choices.length > 1 ? labelled("Kind of body", pick) : null, textField, fileField,
    types.length > 1 ? labelled("Kind of answer", accept) : null,
    send, status, answer,
    Object.entries(calls).map(([name, pre]) => el("details", {}, el("summary", {}, `As ${name}`), copyButton(pre), pre)));
  pick.addEventListener("change", choose);
  key.addEventListener("input", write);
  choose();
  return node;
}

function readable(text) {
  try {
    return pretty(JSON.parse(text));
  } catch {
    return text;
  }
}

/* The same call elsewhere */

const quoted = (text) => `'${text.replace(/'/g, "'\\''")}'`;

function curl({ url, method, headers, body, text, file }) {
  const parts = [`curl ${quoted(url)}`];
  if (method !== "GET" && !body) parts.push(`-X ${method}`);
  for (const [name, value] of Object.entries(headers)) parts.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (body?.file) parts.push(`-F ${quoted(`${body.file}=@${file?.name ?? "rows.csv"};type=text/csv`)}`);
  else if (body) parts.push(`--data-binary ${quoted(text)}`);
  return parts.join(" \\\n  ");
}

// A string of JSON is one of Python too.
const literal = (text) => text.includes('"""') || /["\\]$/.test(text) ? json(text) : `r"""${text}"""`;

function python({ url, method, headers, body, text, file }) {
  const given = { ...headers };
  const lines = ["from urllib.request import Request, urlopen", ""];
  if (body?.file) {
    const name = file?.name ?? "rows.csv";
    given["Content-Type"] = "multipart/form-data; boundary=rows";
    const head = `--rows\r\nContent-Disposition: form-data; name="${body.file}"; filename="${name}"\r\nContent-Type: text/csv\r\n\r\n`;
    lines.push(`with open(${json(name)}, "rb") as file:`, `    body = ${json(head)}.encode() + file.read() + b"\\r\\n--rows--\\r\\n"`);
  } else if (body) lines.push(`body = ${literal(text)}.encode()`);
  const args = [json(url), body && "data=body", `headers=${json(given)}`, `method=${json(method)}`];
  lines.push(`request = Request(${args.filter(Boolean).join(", ")})`, "with urlopen(request) as answer:", "    print(answer.read().decode())");
  return lines.join("\n");
}

/* The page */

function operationNode(path, method, operation) {
  const body = el("div", { className: "body" });
  const node = el("details", { id: operation.operationId, className: "operation" },
    el("summary", {}, el("span", { className: `method ${method}` }, method.toUpperCase()), el("code", {}, path),
      el("span", { className: "quiet" }, operation.summary)), body);
  // Forty forms at once would be slow to make, and most are never opened.
  node.addEventListener("toggle", () => { if (!body.firstChild) body.append(...filled(path, method, operation)); });
  return node;
}

function filled(path, method, operation) {
  const media = Object.entries(operation.requestBody?.content ?? {});
  const answers = Object.entries(operation.responses).map(([code, response]) => {
    const { description, content } = resolve(response);
    const schemas = Object.values(content ?? {}).map((each) => each.schema).filter(Boolean);
    return el("li", {}, el("code", {}, code), ` ${description} `, schemas.map(described));
  });
  return [
    operation.description && el("p", {}, operation.description),
    el("h3", {}, "Try it"), form(path, method, operation),
    el("details", {}, el("summary", {}, "Schema"),
      media.map(([type, each]) => [el("h4", {}, `Body: ${type}`), described(each.schema ?? {})]).flat(),
      el("h4", {}, "Answers"), el("ul", { className: "schema" }, answers)),
  ].filter(Boolean);
}

function section(title, text, nodes) {
  return el("section", { "aria-label": title }, el("h2", {}, title), text && el("p", { className: "quiet" }, text), nodes);
}

function opened() {
  const node = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (node?.tagName !== "DETAILS") return;
  node.open = true;
  node.scrollIntoView();
}

async function start() {
  spec = await (await fetch(service)).json();
  key = el("input", { type: "password", autocomplete: "off" });
  const all = Object.entries(spec.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));
  const tags = spec.tags ?? [...new Set(all.map(({ operation }) => operation.tags[0]))].map((name) => ({ name }));
  document.title = `${spec.info.title} · API`;
  document.getElementById("title").textContent = spec.info.title;
  page.append(
    el("p", { className: "lead" }, spec.info.description ?? ""),
    el("p", { className: "quiet" }, `Version ${spec.info.version} · `, el("a", { href: service }, "openapi.json")),
    spec.components?.securitySchemes ? labelled("API key", key, "Only if the server needs one; it stays in this page.") : "",
    ...tags.map(({ name, description }) => section(name, description, all
      .filter(({ operation }) => operation.tags.includes(name))
      .map(({ path, method, operation }) => operationNode(path, method, operation)))),
    section("Schemas", "", Object.entries(spec.components?.schemas ?? {}).map(([name, schema]) =>
      el("details", { id: idOf(name), className: "operation" }, el("summary", {}, el("code", {}, name)), el("div", { className: "body" }, described(schema))))),
  );
  addEventListener("hashchange", opened);
  opened();
}

start().catch((error) => { document.getElementById("title").textContent = `The document cannot be read: ${error.message}`; });
