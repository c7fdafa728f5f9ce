// A table whose rows stay in the kernel: a page, an order or a search is asked for, a page of text comes back.
// Every value is written as text, never as markup: evidence is written by attackers.
function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function render({ model, el }) {
  const root = make("div", "toolkit-paged");
  const bar = make("div", "toolkit-paged-bar");
  const search = make("input");
  search.type = "search";
  search.placeholder = "Search these rows";
  search.setAttribute("aria-label", "Search these rows");
  const back = make("button", "", "‹ Newer");
  const on = make("button", "", "Older ›");
  const where = make("span", "toolkit-paged-where");
  bar.append(search, back, on, where);
  const scroll = make("div", "toolkit-paged-scroll");
  const table = make("table");
  scroll.append(table);
  const record = make("div", "toolkit-paged-record");
  record.hidden = true;
  root.append(bar, scroll, record);
  el.append(root);

  let wanted = { offset: 0, by: model.get("by"), descending: model.get("descending"), search: "" };
  let opened = null;

  function ask(change) {
    wanted = { ...wanted, ...change };
    root.classList.add("waiting");
    model.send({ kind: "page", ...wanted });
  }

  function draw() {
    root.classList.remove("waiting");
    const { columns, rows, total, offset, by, descending, size } = Object.fromEntries(
      ["columns", "rows", "total", "offset", "by", "descending", "size"].map((k) => [k, model.get(k)]),
    );
    wanted = { ...wanted, offset, by, descending };
    const head = make("tr");
    for (const column of columns) {
      const mark = column.name === by ? (descending ? " ▼" : " ▲") : "";
      const cell = make("th", column.kind);
      const sort = make("button", "sort", column.heading + mark);
      sort.disabled = !column.sortable;
      sort.title = column.sortable ? `Sort by ${column.heading}` : "";
      sort.onclick = () =>
        ask({ offset: 0, by: column.name, descending: column.name === by ? !descending : column.kind === "time" });
      cell.append(sort);
      cell.setAttribute("aria-sort", column.name === by ? (descending ? "descending" : "ascending") : "none");
      head.append(cell);
    }
    const body = make("tbody");
    rows.forEach(([id, ...values]) => {
      const line = make("tr", id === opened ? "open" : "");
      values.forEach((value, i) => {
        const cell = make("td", columns[i].kind, value);
        cell.title = value;
        line.append(cell);
      });
      line.onclick = () => {
        opened = opened === id ? null : id;
        record.hidden = true;
        if (opened) model.send({ kind: "record", row: id });
        draw();
      };
      body.append(line);
    });
    const thead = make("thead");
    thead.append(head);
    table.replaceChildren(thead, body);
    const byTime = by === "time";
    back.textContent = byTime ? (descending ? "‹ Newer" : "‹ Older") : "‹ Back";
    on.textContent = byTime ? (descending ? "Older ›" : "Newer ›") : "On ›";
    back.disabled = offset <= 0;
    on.disabled = offset + rows.length >= total;
    const n = (x) => x.toLocaleString("en");
    where.textContent = total ? `${n(offset + 1)}–${n(offset + rows.length)} of ${n(total)}` : "no rows";
    back.onclick = () => ask({ offset: Math.max(0, offset - size) });
    on.onclick = () => ask({ offset: offset + size });
  }

  let typing;
  search.oninput = () => {
    clearTimeout(typing);
    typing = setTimeout(() => ask({ offset: 0, search: search.value }), 250);
  };
  const answer = (message) => {
    if (message.kind === "problem") {
      root.classList.remove("waiting");
      where.textContent = message.text;
      return;
    }
    if (message.kind !== "record" || message.row !== opened) return;
    record.replaceChildren(make("b", "", message.title), make("pre", "", message.text));
    record.hidden = false;
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
