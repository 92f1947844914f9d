// The pin of a form: placed by a click, moved by arrow keys, set by the device's own position. Without this script a click posts the form.
"use strict";
for (const part of document.querySelectorAll("[data-pin]")) {
  const [west, east, north, south, width, height] = part.dataset.frame.split(" ").map(Number);
  const picture = part.querySelector("input[type=image]"), mark = part.querySelector("[data-mark]");
  const place = part.querySelector("[data-place]"), find = part.querySelector("[data-locate]");
  const { lat, lon } = picture.form.elements;
  const areas = part.dataset.areas.split(";").map((line) => line.split(" "));
  const list = picture.form.elements.kelurahan;
  let followed = list?.value ? null : ""; // a kelurahan that the person chose stays
  const follow = () => {
    if (!list || list.value !== followed) return;
    const away = ([, latitude, longitude]) => Math.hypot(latitude - lat.value, longitude - lon.value);
    [followed] = areas.reduce((best, area) => (away(area) < away(best) ? area : best));
    list.value = followed;
  };
  const say = (what) => { place.textContent = place.dataset[what]; };
  const put = (x, y) => {
    const across = Math.min(width, Math.max(0, x)), down = Math.min(height, Math.max(0, y));
    lat.value = (north - (down / height) * (north - south)).toFixed(5);
    lon.value = (west + (across / width) * (east - west)).toFixed(5);
    mark.setAttribute("transform", `translate(${Math.round(across)} ${Math.round(down)})`);
    mark.removeAttribute("hidden");
    say("set");
    follow();
  };
  const at = () => lat.value && lon.value
    ? [((lon.value - west) / (east - west)) * width, ((north - lat.value) / (north - south)) * height]
    : [width / 2, height / 2];
  picture.addEventListener("click", (event) => {
    event.preventDefault();
    if (!event.detail) { put(...at()); return; } // by the keyboard
    const frame = picture.getBoundingClientRect();
    put(((event.clientX - frame.left) / frame.width) * width, ((event.clientY - frame.top) / frame.height) * height);
  });
  picture.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 2 : 10;
    const move = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    if (!move) return;
    event.preventDefault();
    const [x, y] = at();
    put(x + move[0], y + move[1]);
  });
  if (navigator.geolocation && window.isSecureContext) {
    find.hidden = false;
    find.addEventListener("click", () => navigator.geolocation.getCurrentPosition(({ coords }) => {
      const inside = coords.longitude > west && coords.longitude < east && coords.latitude < north && coords.latitude > south;
      if (!inside) { say("outside"); return; }
      put(((coords.longitude - west) / (east - west)) * width, ((north - coords.latitude) / (north - south)) * height);
    }, () => say("refused"), { enableHighAccuracy: true, timeout: 10000 }));
  }
}

// What is left of a text, and the photos just chosen, seen before they are sent.
for (const line of document.querySelectorAll("[data-count]")) {
  const text = document.getElementById(line.dataset.count), figures = new Intl.NumberFormat(document.documentElement.lang);
  const count = () => { line.textContent = line.dataset.words.replace("#", figures.format(text.maxLength - text.value.length)); };
  line.hidden = false;
  text.addEventListener("input", count);
  count();
}
for (const part of document.querySelectorAll("[data-photos]")) {
  const input = part.querySelector("input[type=file]"), shown = part.querySelector("[data-previews]");
  input?.addEventListener("change", () => {
    shown.replaceChildren();
    shown.hidden = !input.files.length;
    for (const file of [...input.files].slice(0, 3)) {
      const item = document.createElement("li"), picture = document.createElement("img"), reader = new FileReader();
      picture.alt = file.name;
      reader.addEventListener("load", () => { picture.src = reader.result; });
      reader.readAsDataURL(file);
      item.append(picture);
      shown.append(item);
    }
  });
}
