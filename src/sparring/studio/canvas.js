// A board of classes: brush, line, box and fill paint exact class numbers, with no half-tones.
// In: props.value = {width, height, colours, names, numbers, below}; `numbers` is a picture whose
// red channel holds the classes, `below` a picture that is seen through class 0 (for masks).
// Out: the event "input" with {numbers, width, height}.
const one = query => element.querySelector(query);
const board = one('canvas'), sight = board.getContext('2d'), group = Math.random().toString(36);
const UNDOS = 40, PAUSE = 120, SEEN_THROUGH = 165;
let width = 0, height = 0, colours = [], cells = new Uint8Array(0), masks = false;
let past = [], start = null, last = null, before = null, cursor = null, waiting = null, current = 1;

const tool = () => one('input.tool:checked').value;
const size = () => Number(one('input.size').value);
element.querySelectorAll('input.tool').forEach(input => { input.name = 'tool-' + group; });

function show() {
  const picture = sight.createImageData(width, height);
  for (let i = 0; i < cells.length; i++) {
    const [red, green, blue] = colours[cells[i]] || [0, 0, 0];
    picture.data.set([red, green, blue, masks ? (cells[i] ? SEEN_THROUGH : 0) : 255], 4 * i);
  }
  sight.putImageData(picture, 0, 0);
  if (cursor) {
    sight.strokeStyle = '#fff';
    sight.strokeRect(cursor.x - size() / 2, cursor.y - size() / 2, size(), size());
  }
}

function dot(x, y) {
  const radius = size() / 2, from = Math.floor(radius);
  for (let v = y - from; v <= y + from; v++) {
    for (let u = x - from; u <= x + from; u++) {
      const near = (u - x) ** 2 + (v - y) ** 2 <= Math.max(radius * radius - 0.25, 0);
      if (near && u >= 0 && v >= 0 && u < width && v < height) cells[v * width + u] = current;
    }
  }
}

function line(a, b) {
  const steps = Math.max(Math.abs(b.x - a.x), Math.abs(b.y - a.y), 1);
  for (let k = 0; k <= steps; k++) {
    dot(Math.round(a.x + (b.x - a.x) * k / steps), Math.round(a.y + (b.y - a.y) * k / steps));
  }
}

function box(a, b) {
  for (let y = Math.min(a.y, b.y); y <= Math.max(a.y, b.y); y++) {
    for (let x = Math.min(a.x, b.x); x <= Math.max(a.x, b.x); x++) {
      if (x >= 0 && y >= 0 && x < width && y < height) cells[y * width + x] = current;
    }
  }
}

function fill(place) {
  const first = place.y * width + place.x, wanted = cells[first], todo = [first];
  if (wanted === current) return;
  while (todo.length) {
    const at = todo.pop();
    if (cells[at] !== wanted) continue;
    cells[at] = current;
    const x = at % width;
    if (x > 0) todo.push(at - 1);
    if (x < width - 1) todo.push(at + 1);
    if (at >= width) todo.push(at - width);
    if (at < cells.length - width) todo.push(at + width);
  }
}

function numbers() {
  const sheet = document.createElement('canvas');
  [sheet.width, sheet.height] = [width, height];
  const flat = sheet.getContext('2d'), picture = flat.createImageData(width, height);
  cells.forEach((value, i) => picture.data.set([value, value, value, 255], 4 * i));
  flat.putImageData(picture, 0, 0);
  return sheet.toDataURL('image/png');
}

function tell(soon) {
  if (soon && waiting) return;
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    waiting = null;
    trigger('input', { numbers: numbers(), width, height });
  }, soon ? PAUSE : 0);
}

function remember() {
  past.push(cells.slice());
  if (past.length > UNDOS) past.shift();
}

function undo() {
  if (past.length) { cells = past.pop(); show(); tell(); }
}

function clear() {
  remember();
  cells.fill(masks ? 0 : current);
  show();
  tell();
}

function place(event) {
  const frame = board.getBoundingClientRect();
  const x = Math.floor((event.clientX - frame.left) / frame.width * width);
  const y = Math.floor((event.clientY - frame.top) / frame.height * height);
  return { x: Math.min(Math.max(x, 0), width - 1), y: Math.min(Math.max(y, 0), height - 1) };
}

function begin(at) {
  remember();
  [start, last, before] = [at, at, cells.slice()];
  if (tool() === 'fill') fill(at); else dot(at.x, at.y);
  show();
}

function go(at) {
  if (!start) return;
  if (tool() === 'brush') line(last, at);
  if (tool() === 'line' || tool() === 'box') {
    cells = before.slice();
    (tool() === 'line' ? line : box)(start, at);
  }
  last = at;
  show();
  tell(true);
}

function end() {
  if (!start) return;
  start = null;
  tell();
}

board.addEventListener('pointerdown', event => {
  board.setPointerCapture(event.pointerId);
  cursor = null;
  begin(place(event));
});
board.addEventListener('pointermove', event => go(place(event)));
board.addEventListener('pointerup', end);
board.addEventListener('pointercancel', end);
one('[data-do=undo]').addEventListener('click', undo);
one('[data-do=clear]').addEventListener('click', clear);

// By keyboard: arrows move a cursor, space paints (with Shift held: a line from the last place).
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
board.addEventListener('keydown', event => {
  if ((event.ctrlKey || event.metaKey) && event.key === 'z') {
    undo();
  } else if (MOVES[event.key]) {
    cursor = cursor || { x: width >> 1, y: height >> 1 };
    const step = event.shiftKey ? Math.max(size(), 4) : 1;
    cursor.x = Math.min(Math.max(cursor.x + MOVES[event.key][0] * step, 0), width - 1);
    cursor.y = Math.min(Math.max(cursor.y + MOVES[event.key][1] * step, 0), height - 1);
    show();
  } else if (event.key === ' ' && cursor) {
    begin({ ...cursor });
    end();
  } else {
    return;
  }
  event.preventDefault();
});

function offer(names) {
  const palette = one('.palette');
  palette.replaceChildren();
  palette.hidden = masks;
  names.forEach((name, number) => {
    const label = document.createElement('label'), input = document.createElement('input');
    Object.assign(input, { type: 'radio', name: 'class-' + group, checked: number === current });
    input.addEventListener('change', () => { current = number; });
    const swatch = document.createElement('i');
    swatch.style.background = `rgb(${colours[number].join(',')})`;
    label.append(input, swatch, name);
    palette.append(label);
  });
}

function load() {
  const given = props.value;
  if (!given || !given.width) return;
  ({ width, height, colours } = given);
  [board.width, board.height] = [width, height];
  masks = Boolean(given.below);
  current = masks ? 1 : Math.min(current, given.names.length - 1);
  board.style.backgroundImage = masks ? `url(${given.below})` : 'none';
  board.style.aspectRatio = `${width} / ${height}`;
  const most = Math.max(8, Math.round(Math.max(width, height) / 4)), range = one('input.size');
  range.max = most;
  range.value = masks ? Math.round(most / 3) : Math.round(most / 4);
  one('.tools').hidden = false;
  past = [];
  cells = new Uint8Array(width * height);
  offer(given.names);
  if (!given.numbers) { show(); return; }
  const picture = new Image();
  picture.onload = () => {
    const sheet = document.createElement('canvas');
    [sheet.width, sheet.height] = [width, height];
    const flat = sheet.getContext('2d');
    flat.drawImage(picture, 0, 0);
    const { data } = flat.getImageData(0, 0, width, height);
    for (let i = 0; i < cells.length; i++) cells[i] = data[4 * i];
    show();
    tell();
  };
  picture.src = given.numbers;
}

watch('value', load);
load();
