// Runs the model in this folder. Everything comes from files beside this one: scripts may be read
// from the disk as well, so the page works when it is opened without a server.
"use strict";

const $ = (id) => document.getElementById(id);
const facts = window.FACTS;
const has = (name) => facts.reads.includes(name);
const BRUSH = 12;
let session, source, painting;

const bytes = async (text) =>
  new Uint8Array(await (await fetch(`data:application/octet-stream;base64,${text}`)).arrayBuffer());
const hue = (i, n) => hsv(i / n, 0.75, i % 2 ? 0.95 : 0.65);

function hsv(h, s, v) {
  const part = (n) => { const k = (n + h * 6) % 6; return Math.round(255 * (v - v * s * Math.max(0, Math.min(k, 4 - k, 1)))); };
  return [part(5), part(3), part(1)];
}

function classesOf(domain) {
  const layout = domain.call.endsWith(":Layout");
  if (!layout) return null;
  const count = domain.shape[0];
  return Array.from({ length: count }, (_, i) => ({
    name: (domain.names || [])[i] || `class ${i}`,
    colour: (domain.palette || [])[i] || hue(i, count),
  }));
}

const painted = facts.source.call && classesOf(facts.source);

async function start() {
  $("title").textContent = `${facts.recipe} on ${facts.data.name || "own data"}`;
  $("about").textContent = `Weights in ${facts.weights}; computed in this browser, nothing is sent anywhere.`;
  prepare();
  const address = async (text, type) =>
    URL.createObjectURL(new Blob([await bytes(text)], { type }));
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = {
    mjs: await address(window.RUNTIME.script, "text/javascript"),
    wasm: await address(window.RUNTIME.wasm, "application/wasm"),
  };
  session = await ort.InferenceSession.create(await bytes(window.MODEL));
  say(has("source") && !painted ? "Choose a file." : "Ready.");
  if (!has("source")) await make();
}

function prepare() {
  const shown = { "file-row": has("source") && !painted, "brush-row": painted || has("mask"),
    "label-row": has("label"), "count-row": !has("source"), "seed-row": has("latent") };
  for (const [id, wanted] of Object.entries(shown)) $(id).hidden = !wanted;
  const names = Array.isArray(facts.classes) ? facts.classes
    : Array.from({ length: facts.classes }, (_, i) => String(i));
  $("label").append(...names.map((name, i) => new Option(name, i)));
  const brushes = painted ? painted.map((c) => c.name) : ["what is missing", "nothing"];
  $("brush").append(...brushes.map((name, i) => new Option(name, i)));
  if (painted) place(...facts.source.shape.slice(1), null);
}

function say(text, wrong) {
  $("said").textContent = text;
  $("said").toggleAttribute("data-wrong", Boolean(wrong));
}

// Normal numbers of a seed, the same in every browser; not those of sparring's own seeds.
function normal(seed, count) {
  let state = (seed * 2654435761 + 1) >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return Float32Array.from({ length: count },
    () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()));
}

function inputs(count) {
  const found = {};
  if (has("latent")) found.latent = new ort.Tensor("float32", normal(Number($("seed").value), count * facts.latent), [count, facts.latent]);
  if (has("label")) found.label = new ort.Tensor("int64", new BigInt64Array(count).fill(BigInt($("label").value)), [count]);
  if (has("source")) Object.assign(found, given());
  return found;
}

function given() {
  if (source.waves) return { source: new ort.Tensor("float32", source.waves, [1, source.channels, source.waves.length / source.channels]) };
  const { width, height } = source;
  const space = [height, width];
  if (painted) return { source: new ort.Tensor("uint8", painting.slice(), [1, 1, ...space]) };
  const channels = facts.source.shape[0];
  const pixels = source.getContext("2d").getImageData(0, 0, width, height).data;
  const planes = new Uint8Array(channels * width * height);
  for (let i = 0; i < width * height; i++) {
    const rgba = pixels.subarray(4 * i, 4 * i + 4);
    const grey = Math.round(0.299 * rgba[0] + 0.587 * rgba[1] + 0.114 * rgba[2]);
    const parts = channels < 3 ? [grey, rgba[3]] : rgba;
    for (let c = 0; c < channels; c++) planes[c * width * height + i] = parts[c];
  }
  const found = { source: new ort.Tensor("uint8", planes, [1, channels, ...space]) };
  if (has("mask")) found.mask = new ort.Tensor("uint8", painting.slice(), [1, 1, ...space]);
  return found;
}

async function make() {
  if (has("source") && !source) return say("Choose a file first.", true);
  if (has("mask") && !painting.some(Boolean)) return say("Paint over what is missing first.", true);
  $("go").disabled = true;
  say("Working.");
  const began = performance.now();
  try {
    const count = has("source") ? 1 : Math.max(1, Math.min(64, Number($("count").value) || 1));
    const wanted = facts.batch === "any" ? count : 1;
    const { sample } = await session.run(inputs(wanted));
    show(sample);
    say(`Made in ${((performance.now() - began) / 1000).toFixed(1)} s.`);
  } catch (error) {
    say(`This could not be made: ${error.message || error}`, true);
  }
  $("go").disabled = false;
}

function show(sample) {
  const place = has("source") ? $("made") : $("samples");
  const size = sample.data.length / sample.dims[0];
  const each = Array.from({ length: sample.dims[0] }, (_, i) => sample.data.subarray(i * size, (i + 1) * size));
  if (sample.dims.length === 2) return place.replaceChildren(cloud(each));
  place.replaceChildren(...each.map((values) => sample.dims.length === 3
    ? player(values, sample.dims.slice(1)) : picture(values, sample.dims.slice(1))));
}

function picture(values, [channels, height, width]) {
  const canvas = blank(height, width), pixels = new ImageData(width, height);
  const layout = classesOf(facts.sample), area = width * height;
  for (let i = 0; i < area; i++) {
    const grey = values[i];
    const rgba = layout ? [...layout[grey].colour, 255]
      : channels < 3 ? [grey, grey, grey, channels === 2 ? values[area + i] : 255]
      : [values[i], values[area + i], values[2 * area + i], channels === 4 ? values[3 * area + i] : 255];
    pixels.data.set(rgba, 4 * i);
  }
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  canvas.title = "Click to keep it";
  canvas.onclick = () => keep(canvas.toDataURL("image/png"), "sparring.png");
  return canvas;
}

function cloud(rows) {
  const canvas = blank(512, 512), pen = canvas.getContext("2d");
  const most = Math.max(...rows.flatMap((row) => [Math.abs(row[0]), Math.abs(row[1] || 0)])) || 1;
  for (const row of rows) pen.fillRect(256 + 240 * row[0] / most - 2, 256 - 240 * (row[1] || 0) / most - 2, 4, 4);
  return canvas;
}

function player(values, [channels, length]) {
  const rate = facts.sample.rate || 16000, audio = document.createElement("audio");
  const file = new DataView(new ArrayBuffer(44 + 2 * values.length));
  const word = (at, text) => [...text].forEach((c, i) => file.setUint8(at + i, c.charCodeAt(0)));
  word(0, "RIFF"); word(8, "WAVEfmt "); word(36, "data");
  file.setUint32(4, 36 + 2 * values.length, true); file.setUint32(16, 16, true);
  file.setUint16(20, 1, true); file.setUint16(22, channels, true); file.setUint32(24, rate, true);
  file.setUint32(28, 2 * channels * rate, true); file.setUint16(32, 2 * channels, true);
  file.setUint16(34, 16, true); file.setUint32(40, 2 * values.length, true);
  for (let i = 0; i < length; i++) for (let c = 0; c < channels; c++)
    file.setInt16(44 + 2 * (i * channels + c), Math.max(-32768, Math.min(32767, 32768 * values[c * length + i])), true);
  audio.controls = true;
  audio.src = URL.createObjectURL(new Blob([file], { type: "audio/wav" }));
  return audio;
}

function keep(address, name) {
  const link = document.createElement("a");
  link.href = address; link.download = name; link.click();
}

function blank(height, width) {
  return Object.assign(document.createElement("canvas"), { height, width });
}

// A canvas to paint on: classes of a layout, or what is missing of a picture.
function place(height, width, image) {
  source = blank(height, width);
  painting = new Uint8Array(height * width);
  if (image) source.getContext("2d").drawImage(image, 0, 0);
  const over = blank(height, width), frame = document.createElement("div");
  frame.style.cssText = "position: relative; display: inline-block";
  over.style.cssText = "position: absolute; left: 0; top: 0; opacity: .8; background: none";
  over.id = "paint";
  frame.append(source, over);
  $("source").replaceChildren(frame);
  if (!painted && !has("mask")) return over.remove();
  const pen = over.getContext("2d");
  const draw = (x, y, value, radius) => {
    const colour = painted ? painted[value].colour : value ? [230, 30, 30] : null;
    const left = Math.max(0, Math.round(x - radius)), top = Math.max(0, Math.round(y - radius));
    const right = Math.min(width, Math.round(x + radius)), bottom = Math.min(height, Math.round(y + radius));
    for (let row = top; row < bottom; row++) painting.fill(painted ? value : 255 * value, row * width + left, row * width + right);
    pen.clearRect(left, top, right - left, bottom - top);
    if (colour) { pen.fillStyle = `rgb(${colour})`; pen.fillRect(left, top, right - left, bottom - top); }
  };
  if (painted) draw(0, 0, 0, 2 * Math.max(width, height));
  const stroke = (event) => {
    if (!event.buttons) return;
    const box = over.getBoundingClientRect(), scale = width / box.width;
    const value = painted ? Number($("brush").value) : 1 - Number($("brush").value);
    const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
    const radius = BRUSH * scale / 2 + 1;
    // A quick hand is seen at few places; between them the stroke goes on.
    const [fromX, fromY] = event.type === "pointermove" && last ? last : [x, y];
    const steps = Math.max(1, Math.ceil(Math.hypot(x - fromX, y - fromY) / radius));
    for (let i = 1; i <= steps; i++) draw(fromX + (x - fromX) * i / steps, fromY + (y - fromY) * i / steps, value, radius);
    last = [x, y];
  };
  let last;
  over.onpointerdown = stroke;
  over.onpointermove = stroke;
  if (painted) over.onpointerup = make;
}

async function opened(file) {
  if (facts.source.call.endsWith(":Image")) {
    const image = await createImageBitmap(file);
    const least = Math.max(...facts.least);
    if (Math.min(image.width, image.height) < least) throw new Error(`it is smaller than ${least} px`);
    return place(image.height, image.width, image);
  }
  const rate = facts.source.rate || 16000, channels = facts.source.channels || 1;
  const heard = await new OfflineAudioContext(channels, 1, rate).decodeAudioData(await file.arrayBuffer());
  const waves = new Float32Array(channels * heard.length);
  for (let c = 0; c < channels; c++) waves.set(heard.getChannelData(Math.min(c, heard.numberOfChannels - 1)), c * heard.length);
  source = { waves, channels };
  $("source").replaceChildren(player(waves, [channels, heard.length]));
}

$("file").onchange = async () => {
  try {
    await opened($("file").files[0]);
    if (!has("mask")) await make();
    else say("Paint over what is missing, then: Make.");
  } catch (error) {
    source = undefined;
    say(`This file cannot be used: ${error.message || error}`, true);
  }
};
$("asked").onsubmit = (event) => { event.preventDefault(); make(); };
start().catch((error) => say(`The model cannot be read: ${error.message || error}`, true));
