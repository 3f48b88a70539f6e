// A picture for the core: a file, or a frame of the camera. It goes straight there, and nothing of it stays.

import { button, el, text } from "./dom.js";

/** As the core takes it, in bytes. */
const LARGEST = 16 * 1024 * 1024;
/** Of a frame's JPEG. */
const QUALITY = 0.92;
/** Between a frame in which nothing could be read and the next, in milliseconds. */
const PAUSE = 300;
/** So long the same advice stands before another takes its place. */
const READ = 2000;

let stream = null;

/**
 * Ways to choose a picture. `accept`: media types; `file`, `shoot`, `refused`: texts; `guide`: whether the view has a frame for a
 * passport's page. While the camera runs, its frames are read one after the other; what is wrong with them is said meanwhile.
 */
export function chooser(wire, serial, { accept, file, shoot, refused, guide }) {
  const fault = el("p.fault", { role: "alert" });
  const area = el("div.camera");
  const input = el("input", { type: "file", accept, hidden: true, id: "file" });
  const post = (picture, more) => {
    const headers = { ...wire.headers, "Content-Type": picture.type || "application/octet-stream", "Screen-Serial": String(serial), ...more };
    return fetch("/picture", { method: "POST", headers, body: picture }).catch(() => null);
  };
  const send = async (picture) => {
    fault.textContent = "";
    if (picture.size > LARGEST) {
      fault.textContent = text("PictureTooLarge");
      return;
    }
    const answer = await post(picture);
    if (answer?.status === 413) fault.textContent = text("PictureTooLarge");
    else if (answer?.status === 415) fault.textContent = text(refused);
    else if (!answer?.ok && answer?.status !== 409) fault.textContent = text("UnlockFailed");
  };
  input.addEventListener("change", async () => {
    const [chosen] = input.files;
    if (chosen) await send(chosen);
    // The same one may be chosen again.
    input.value = "";
  });
  const open = button("primary", text("UseCamera"), async () => {
    fault.textContent = "";
    try {
      await view(area, { shoot, guide, send, frame: (picture) => post(picture, { Picture: "frame" }), closed: () => { ways.hidden = false; open.focus(); } });
      ways.hidden = true;
    } catch {
      closeCamera();
      area.replaceChildren();
      fault.textContent = text("CameraNone");
    }
  });
  const ways = el("div.choices.main", {}, open, button("secondary", text(file), () => input.click()));
  return el("div.chooser", {}, area, ways, input, fault);
}

/** Shows what the camera sees, and a button that takes it. */
async function view(area, { shoot, guide, send, frame, closed }) {
  closeCamera();
  const wanted = { video: { facingMode: { ideal: "environment" }, width: { ideal: 1920 }, height: { ideal: 1440 } }, audio: false };
  stream = await navigator.mediaDevices.getUserMedia(wanted);
  const video = el("video", { playsinline: true, "aria-label": text("CameraView") });
  video.muted = true;
  video.srcObject = stream;
  await video.play();
  // One picture is read at a time: the one that was taken goes when the frame before it was answered, and no frame before that.
  const turn = { isTaken: false, reading: Promise.resolve() };
  const take = button("primary", text(shoot), async () => {
    if (turn.isTaken) return;
    turn.isTaken = true;
    const picture = await still(video);
    advice.textContent = text("Working");
    await turn.reading;
    if (picture) await send(picture);
    turn.isTaken = false;
  });
  const advice = el("p.strong", { role: "status", id: "advice" });
  const close = button("secondary", text("CameraClose"), () => {
    closeCamera();
    area.replaceChildren();
    closed();
  });
  area.replaceChildren(el(`div.view${guide ? ".guided" : ""}`, {}, video), advice, el("div.choices.main", {}, take, close));
  take.focus({ preventScroll: true });
  area.scrollIntoView({ block: "nearest" });
  watch(video, stream, frame, advice, turn);
}

/** Has the core look at frame after frame, until one is read or the camera is let go. */
async function watch(video, running, frame, advice, turn) {
  let since = -READ;
  while (stream === running) {
    const picture = turn.isTaken ? null : await still(video);
    if (stream !== running) return;
    if (!picture || turn.isTaken) {
      await new Promise((done) => setTimeout(done, PAUSE));
      continue;
    }
    turn.reading = frame(picture);
    const answer = await turn.reading;
    // Read, or the screen is another.
    if (!answer || answer.ok || answer.status === 409) return;
    if (answer.status === 422 && !turn.isTaken && performance.now() - since >= READ) {
      const said = (await answer.json()).advice;
      if (said !== advice.textContent) {
        advice.textContent = said;
        since = performance.now();
      }
    }
    await new Promise((done) => setTimeout(done, PAUSE));
  }
}

/** What the camera sees now, as a JPEG. */
function still(video) {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise((done) => canvas.toBlob((frame) => {
    // Its pixels go at once.
    canvas.width = 0;
    done(frame);
  }, "image/jpeg", QUALITY));
}

/** Lets the camera go. */
export function closeCamera() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
}
