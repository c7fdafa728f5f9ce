// Findings with the rows that prove them and a verdict on each. What comes from evidence is written as text only.
const LABELS = { attacker: "Attacker", owner: "Owner", unknown: "Unknown" };

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function render({ model, el }) {
  const root = make("div", "toolkit-page toolkit-findings");
  el.append(root);
  const opened = new Set();
  const drafts = new Map();
  const bodies = new Map();

  function button(label, className, action) {
    const node = make("button", className, label);
    node.type = "button";
    node.onclick = action;
    return node;
  }

  function said(finding) {
    const given = finding.verdict;
    if (!given) return null;
    const line = make("span", "toolkit-verdict toolkit-verdict-" + given.verdict, LABELS[given.verdict]);
    line.title = given.note;
    return line;
  }

  function decide(finding) {
    const bar = make("div", "toolkit-decide");
    bar.append(make("span", "toolkit-quiet", "Who was it?"));
    const note = make("input");
    note.placeholder = "Note, e.g. “owner confirmed by phone”";
    note.setAttribute("aria-label", "Note to the verdict");
    note.value = drafts.get(finding.key) ?? "";
    note.oninput = () => drafts.set(finding.key, note.value);
    const send = (verdict) => {
      bar.classList.add("waiting");
      bar.querySelectorAll("button").forEach((b) => (b.disabled = true));
      model.send({ kind: "verdict", key: finding.key, verdict, note: note.value });
      drafts.delete(finding.key);
    };
    for (const [verdict, label] of Object.entries(LABELS)) {
      const chosen = finding.verdict && finding.verdict.verdict === verdict;
      const node = button(label, chosen ? "chosen" : "", () => send(verdict));
      node.setAttribute("aria-pressed", String(Boolean(chosen)));
      bar.append(node);
    }
    bar.append(note);
    if (finding.verdict) bar.append(button("Take back", "", () => send("")));
    return bar;
  }

  function history(finding) {
    const given = finding.verdict;
    const lines = [...finding.earlier];
    if (given) lines.unshift(given.said);
    return lines.map((text) => make("p", "toolkit-quiet", text));
  }

  function rows(finding, place) {
    const found = bodies.get(finding.key);
    if (!found) {
      place.replaceChildren(make("p", "toolkit-quiet", "Reading the rows …"));
      return;
    }
    place.replaceChildren(...found.tables.map((shown) => proof(finding, place, found, shown)));
    if (found.open && found.record) {
      const record = make("div", "toolkit-paged-record");
      record.append(make("b", "", found.record.title), make("pre", "", found.record.text));
      place.append(record);
    }
  }

  function proof(finding, place, found, shown) {
    const table = make("table", "toolkit-table toolkit-one-line");
    table.append(make("caption", "", shown.caption));
    const head = make("tr");
    shown.headings.forEach((heading) => head.append(make("th", "", heading)));
    const thead = make("thead");
    thead.append(head);
    const body = make("tbody");
    shown.rows.forEach(([id, ...values]) => {
      const key = `${shown.table}/${id}`;
      const line = make("tr", key === found.open ? "open" : "");
      values.forEach((value) => {
        const cell = make("td", "", value);
        cell.title = value.slice(0, 1000);
        line.append(cell);
      });
      line.onclick = () => {
        found.open = found.open === key ? null : key;
        found.record = null;
        if (found.open) model.send({ kind: "record", key: finding.key, table: shown.table, row: id });
        rows(finding, place);
      };
      body.append(line);
    });
    table.append(thead, body);
    const scroll = make("div", "toolkit-scroll");
    scroll.append(table);
    return scroll;
  }

  function draw() {
    const findings = model.get("findings");
    const problem = model.get("problem");
    const all = findings.map((finding) => {
      const box = make("details");
      box.open = opened.has(finding.key);
      const line = make("summary");
      const severity = make("span", "toolkit-severity", finding.severity);
      severity.style.borderLeftColor = finding.colour;
      line.append(severity, make("b", "", finding.title), document.createTextNode(` ${finding.line}`));
      const verdict = said(finding);
      if (verdict) line.append(document.createTextNode(" "), verdict);
      const place = make("div");
      box.append(
        line,
        make("p", "", finding.summary),
        ...finding.facts.map((fact) => make("p", "toolkit-quiet", fact)),
        decide(finding),
        ...history(finding),
        place,
      );
      box.ontoggle = () => {
        if (!box.open) return void opened.delete(finding.key);
        opened.add(finding.key);
        if (!bodies.has(finding.key)) model.send({ kind: "rows", key: finding.key });
        rows(finding, place);
      };
      box.place = place;
      if (box.open) rows(finding, place);
      box.dataset.key = finding.key;
      return box;
    });
    root.replaceChildren(...(problem ? [make("div", "toolkit-box", problem)] : []), ...all);
  }

  const answer = (message) => {
    const found = bodies.get(message.key);
    if (message.kind === "rows") bodies.set(message.key, { ...message, open: null, record: null });
    else if (message.kind === "record" && found && found.open === `${message.table}/${message.row}`) found.record = message;
    else return;
    const finding = model.get("findings").find((f) => f.key === message.key);
    const box = [...root.children].find((node) => node.dataset.key === message.key);
    if (finding && box) rows(finding, box.place);
  };
  model.on("msg:custom", answer);
  model.on("change:version", draw);
  draw();
  return () => {
    model.off("msg:custom", answer);
    model.off("change:version", draw);
  };
}

export default { render };
