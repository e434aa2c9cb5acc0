"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const MOST_HITS = 50, PRINTED = 40, AROUND = 15;
  const make = (name, text, css) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (css) made.className = css;
    return made;
  };
  const many = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

  // Long tables: of their rows only those in sight are in the page.

  const right = table => [...table.tHead.rows[0].cells].map(cell => cell.classList.contains("right"));

  class Window {
    constructor(box, body, right, count, row) {
      this.box = box; this.body = body; this.right = right; this.count = count; this.row = row;
      this.marked = {}; this.height = 0;
      box.addEventListener("scroll", () => this.draw());
      new ResizeObserver(() => this.draw()).observe(box);
    }
    measure() {
      if (this.height) return true;
      this.show(0, 1);
      this.height = this.body.rows[0].getBoundingClientRect().height;
      return this.height > 0;
    }
    line(number) {
      const line = make("tr");
      line.setAttribute("aria-rowindex", number + 2);
      const marked = number === this.marked.row ? this.marked : undefined;
      this.row(number).forEach((text, at) => {
        const cell = make("td", text, (this.right[at] ? "right " : "") + (text.startsWith("0x") ? "address" : ""));
        if (text.length > 20) cell.title = text;
        if (marked?.cell === at) cell.classList.add("found");
        line.append(cell);
      });
      if (marked && marked.cell === undefined) line.classList.add("found");
      return line;
    }
    show(from, to) {
      const lines = [];
      for (let number = from; number < to; number++) lines.push(this.line(number));
      this.body.replaceChildren(...lines);
    }
    gap(rows) {
      const gap = make("tr", undefined, "gap"), cell = make("td");
      gap.setAttribute("aria-hidden", "true");
      cell.colSpan = this.right.length;
      cell.style.height = `${rows * this.height}px`;
      gap.append(cell);
      return gap;
    }
    draw() {
      if (this.printing || !this.measure()) return;
      const first = Math.max(0, Math.floor(this.box.scrollTop / this.height) - AROUND);
      const last = Math.min(this.count, first + Math.ceil(this.box.clientHeight / this.height) + 2 * AROUND);
      this.show(first, last);
      this.body.prepend(this.gap(first));
      this.body.append(this.gap(this.count - last));
    }
    reveal(row, cell) {
      this.draw();
      this.marked = { row, cell };
      this.box.scrollTop = Math.max(0, row * this.height - this.box.clientHeight / 3);
      this.draw();
      return this.body.querySelector(".found");
    }
    print(printing) {
      this.printing = printing;
      if (printing) this.show(0, Math.min(PRINTED, this.count)); else this.draw();
    }
  }

  const widths = (table, rows) => {
    const group = make("colgroup");
    [...table.tHead.rows[0].cells].forEach((heading, at) => {
      const column = make("col");
      const longest = rows.reduce((most, row) => Math.max(most, row[at].length), heading.textContent.length);
      column.style.width = `${Math.min(longest, 70) + 3}ch`;
      group.append(column);
    });
    table.prepend(group);
  };

  const windows = [];
  for (const box of document.querySelectorAll("[data-table]")) {
    const rows = data.tables[box.dataset.table], table = box.querySelector("table");
    widths(table, rows);
    const made = new Window(box, table.tBodies[0], right(table), rows.length, number => rows[number]);
    made.rows = rows;
    windows.push(made);
  }
  addEventListener("beforeprint", () => windows.forEach(one => one.print(true)));
  addEventListener("afterprint", () => windows.forEach(one => one.print(false)));

  // Addresses that a line stands for.

  const unpacked = new Map();
  const members = name => {
    if (!unpacked.has(name)) {
      const bytes = atob(data.members[name]), found = [];
      let last = 0, number = 0, scale = 1;
      for (let at = 0; at < bytes.length; at++) {
        const byte = bytes.charCodeAt(at);
        number += (byte & 127) * scale;
        if (byte & 128) { scale *= 128; continue; }
        last += number;
        found.push(last);
        number = 0; scale = 1;
      }
      unpacked.set(name, Float64Array.from(found));
    }
    return unpacked.get(name);
  };
  const hex = number => `0x${number.toString(16)}`;
  const lists = new Map(), BESIDE = 4;
  const list = details => {
    const name = details.dataset.members;
    if (lists.has(name)) return lists.get(name);
    const found = members(name), box = make("div", undefined, "window"), table = make("table"), body = make("tbody");
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", details.querySelector("summary").textContent);
    table.append(body);
    box.append(table);
    details.append(box);
    const row = number => Array.from(found.subarray(number * BESIDE, (number + 1) * BESIDE), hex);
    const made = new Window(box, body, Array(BESIDE).fill(false), Math.ceil(found.length / BESIDE), row);
    lists.set(name, made);
    return made;
  };
  for (const details of document.querySelectorAll("[data-members]")) {
    details.addEventListener("toggle", () => { if (details.open) list(details).draw(); });
  }

  // Unfolding.

  for (const tools of document.querySelectorAll(".tools")) {
    if (!tools.parentNode.querySelector("details")) continue;
    tools.hidden = false;
    for (const button of tools.querySelectorAll("button")) {
      button.addEventListener("click", () => {
        for (const one of tools.parentNode.querySelectorAll("details:not(.members)")) one.open = Boolean(button.dataset.unfold);
      });
    }
  }

  // Searching.

  const form = document.getElementById("search"), wanted = document.getElementById("wanted");
  const said = document.getElementById("found"), hits = document.getElementById("hits");
  form.hidden = false;

  let lines;
  const everything = () => {
    lines ??= [...document.querySelectorAll(".line, .said, .answer, div.wide tbody tr")].map(element => {
      const text = element.tagName === "TR" ? [...element.cells].map(cell => cell.textContent).join("  ") : element.textContent;
      return { element, text, low: text.toLowerCase() };
    });
    return lines;
  };
  const part = element => element.closest("section")?.querySelector("h2").textContent ?? "Answer";
  const around = (text, at) => {
    const from = Math.max(0, Math.min(at - 40, text.length - 160));
    return (from ? "… " : "") + text.slice(from, from + 160) + (from + 160 < text.length ? " …" : "");
  };

  const below = (numbers, least) => {
    let low = 0, high = numbers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (numbers[middle] < least) low = middle + 1; else high = middle;
    }
    return low;
  };
  const ranges = (numbers, digits) => {
    const start = parseInt(digits, 16), found = [];
    for (let scale = 1; (start + 1) * scale <= 2 ** 53; scale *= 16) {
      const from = below(numbers, start * scale), to = below(numbers, (start + 1) * scale);
      if (to > from) found.push([from, to]);
      if (start === 0) break;
    }
    return found;
  };

  function* inTexts(text) {
    for (const one of everything()) {
      const at = one.low.indexOf(text);
      if (at >= 0) yield { text: around(one.text, at), where: part(one.element), go: () => reveal(one.element) };
    }
  }
  function* inTables(text) {
    for (const one of windows) {
      for (let number = 0; number < one.rows.length; number++) {
        const row = one.rows[number].join("  "), at = row.toLowerCase().indexOf(text);
        if (at >= 0) yield { text: around(row, at), where: part(one.box), go: () => reveal(one.box, () => one.reveal(number)) };
      }
    }
  }
  function* inMembers(text) {
    const digits = /^0x([0-9a-f]{1,13})$/.exec(text)?.[1];
    if (!digits) return;
    for (const details of document.querySelectorAll("[data-members]")) {
      const numbers = members(details.dataset.members), of = details.parentNode.querySelector(".line").textContent;
      for (const [from, to] of ranges(numbers, digits)) {
        for (let at = from; at < to; at++) {
          yield { text: `${hex(numbers[at])} is one of: ${around(of, 0)}`, where: part(details),
                  go: () => reveal(details, () => list(details).reveal(Math.floor(at / BESIDE), at % BESIDE)) };
        }
      }
    }
  }

  let marked;
  const reveal = (element, within) => {
    marked?.classList.remove("found");
    for (let one = element; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
    marked = within ? within() : element;
    marked?.classList.add("found");
    const target = marked ?? element;
    target.scrollIntoView({ block: "center" });
    const focused = target.tagName === "SUMMARY" ? target : within ? element.querySelector(".window") ?? element : target;
    if (focused.tabIndex < 0) focused.tabIndex = -1;
    focused.focus({ preventScroll: true });
  };

  const search = () => {
    const text = wanted.value.trim().toLowerCase();
    hits.replaceChildren();
    if (text.length < 2) { said.textContent = ""; return; }
    let count = 0;
    for (const source of [inTexts, inTables, inMembers]) {
      for (const hit of source(text)) {
        if (++count > MOST_HITS) break;
        const item = make("li"), button = make("button", hit.text), where = make("small", `  ${hit.where}`);
        button.type = "button";
        button.append(where);
        button.addEventListener("click", hit.go);
        item.append(button);
        hits.append(item);
      }
    }
    said.textContent = count > MOST_HITS ? `more than ${MOST_HITS} places: the first ones` : count ? many(count, "place") : "not in this page";
  };
  let waiting;
  wanted.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(search, 120); });
  form.addEventListener("submit", event => { event.preventDefault(); search(); hits.querySelector("button")?.focus(); });
  const linked = () => {
    if (!/^#0x[0-9a-f]+$/i.test(location.hash)) return;
    wanted.value = location.hash.slice(1);
    search();
    hits.querySelector("button")?.click();
  };
  addEventListener("hashchange", linked);
  linked();
})();
