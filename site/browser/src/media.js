// Photos made small, without what the camera wrote beside the pixels; a recorder of Opus where the phone has one.
const EDGE = 1280;
const LARGEST = 120 * 1024;
export const LONGEST = 180;

export class NotAPhoto extends Error {}

// What the canvas gives back is not what was drawn on it: browsers that resist fingerprinting give white, or noise.
export class Altered extends Error {}

export async function smallPhoto(file) {
  const image = await opened(file);
  const scale = Math.min(1, EDGE / Math.max(image.width, image.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.width * scale));
  canvas.height = Math.max(1, Math.round(image.height * scale));
  const context = canvas.getContext("2d");
  await insistTrue(canvas, context);
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  if (corners(image).every(([, , , alpha]) => !alpha)) throw new NotAPhoto(); // no room to unpack it: nothing was drawn
  let blob = null;
  for (const quality of [0.72, 0.6, 0.48, 0.36]) {
    blob = await encoded(canvas, quality);
    if (blob && blob.size <= LARGEST) break;
  }
  if (!blob) throw new NotAPhoto();
  await insistSame(corners(canvas), blob, canvas);
  return { kind: "photo", type: "image/jpeg", bytes: await bytesOf(blob) };
}

function encoded(canvas, quality) {
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
}

const KNOWN = [[200, 40, 40, 255], [40, 160, 60, 255], [40, 60, 190, 255], [240, 230, 200, 255]];
const FAR = 40; // of 255: JPEG and colour profiles change a plain colour by less

// A picture that is known is drawn on the photo's own canvas, encoded and read back.
async function insistTrue(canvas, context) {
  const half = [Math.ceil(canvas.width / 2), Math.ceil(canvas.height / 2)];
  if (Math.min(...half) < 8) return; // too small to hold a colour each
  KNOWN.forEach(([red, green, blue], at) => {
    context.fillStyle = `rgb(${red},${green},${blue})`;
    context.fillRect((at % 2) * half[0], (at >> 1) * half[1], half[0], half[1]);
  });
  const blob = await encoded(canvas, 0.6);
  if (!blob) throw new NotAPhoto();
  await insistSame(KNOWN, blob, canvas);
}

async function insistSame(expected, blob, { width, height }) {
  const image = await opened(blob).catch(() => ({}));
  if (image.width !== width || image.height !== height) throw new Altered();
  const found = corners(image);
  if (expected.some((colour, at) => colour.some((value, band) => Math.abs(value - found[at][band]) > FAR))) throw new Altered();
}

// The mean colour of each quarter of a picture.
function corners(picture) {
  const size = 16;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, size, size);
  const { data } = context.getImageData(0, 0, size, size);
  const means = KNOWN.map(() => [0, 0, 0, 0]);
  for (let at = 0; at < size * size; at += 1) {
    const quarter = means[2 * Number(at >= (size * size) / 2) + Number(at % size >= size / 2)];
    for (let band = 0; band < 4; band += 1) quarter[band] += (data[4 * at + band] * 4) / (size * size);
  }
  return means;
}

// FileReader: Blob.arrayBuffer is younger than some browsers that can do the rest.
export function bytesOf(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onerror = () => reject(reader.error);
    reader.onload = () => resolve(new Uint8Array(reader.result));
    reader.readAsArrayBuffer(blob);
  });
}

function opened(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onerror = () => reject(new NotAPhoto());
    reader.onload = () => {
      const image = new Image();
      image.onload = () => resolve(image);
      image.onerror = () => reject(new NotAPhoto());
      image.src = reader.result; // a data: address: the only kind, besides our own, that the page lets in
    };
    reader.readAsDataURL(file);
  });
}

export async function wholeFile(file) {
  return { kind: "voice", type: file.type || "audio/unknown", bytes: await bytesOf(file), tagged: true };
}

export function canRecord() {
  return Boolean(window.MediaRecorder && navigator.mediaDevices && navigator.mediaDevices.getUserMedia);
}

const MOST_LIVE = 3000; // milliseconds that the microphone may stay on after "stop", whatever the recorder does
const TYPES = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];

// Records until `stop` is called or three minutes are over; resolves with the part. Whatever fails, at once or later, the
// microphone is released: a browser without a codec has MediaRecorder all the same, and throws at its start.
export async function record(tick) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const release = () => stream.getTracks().forEach((track) => track.stop());
  try {
    return recording(stream, tick, release);
  } catch (error) {
    release();
    throw error;
  }
}

function recording(stream, tick, release) {
  const mimeType = TYPES.find((each) => MediaRecorder.isTypeSupported && MediaRecorder.isTypeSupported(each));
  const recorder = new MediaRecorder(stream, { ...(mimeType ? { mimeType } : {}), audioBitsPerSecond: 16000 });
  const chunks = [];
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const stop = () => {
    if (recorder.state !== "inactive") recorder.stop();
    setTimeout(release, MOST_LIVE);
  };
  const done = new Promise((resolve, reject) => {
    recorder.ondataavailable = (event) => chunks.push(event.data);
    recorder.onerror = (event) => reject(event.error || new Error("not recorded"));
    recorder.onstop = () => bytesOf(new Blob(chunks)).then((bytes) => {
      if (!bytes.length) throw new Error("nothing recorded");
      resolve({ kind: "voice", type: recorder.mimeType || mimeType || "audio/unknown", bytes, seconds: Math.min(LONGEST, Math.max(1, seconds())) });
    }).catch(reject);
  });
  // A container of MP4 is closed right only where it is written in one go.
  if (/mp4/.test(recorder.mimeType || mimeType)) recorder.start();
  else recorder.start(1000);
  tick(0);
  const clock = setInterval(() => {
    tick(seconds());
    if (seconds() >= LONGEST) stop();
  }, 1000);
  const end = () => {
    clearInterval(clock);
    release();
  };
  done.then(end, end);
  return { stop, done };
}
