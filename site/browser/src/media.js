// Photos made small, without what the camera wrote beside the pixels; a recorder of Opus where the phone has one.
const EDGE = 1280;
const LARGEST = 120 * 1024;
export const LONGEST = 180;

export class NotAPhoto extends Error {}

export async function smallPhoto(file) {
  const image = await opened(file);
  const scale = Math.min(1, EDGE / Math.max(image.width, image.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.width * scale));
  canvas.height = Math.max(1, Math.round(image.height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  let blob = null;
  for (const quality of [0.72, 0.6, 0.48, 0.36]) {
    blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
    if (blob && blob.size <= LARGEST) break;
  }
  if (!blob) throw new NotAPhoto();
  return { kind: "photo", type: "image/jpeg", bytes: new Uint8Array(await blob.arrayBuffer()) };
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
  return { kind: "voice", type: file.type || "audio/unknown", bytes: new Uint8Array(await file.arrayBuffer()), tagged: true };
}

export function canRecord() {
  return Boolean(window.MediaRecorder && navigator.mediaDevices && navigator.mediaDevices.getUserMedia);
}

const TYPES = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];

const MOST_LIVE = 3000; // milliseconds that the microphone may stay on after "stop"
const MOST_WAIT = 30000; // milliseconds for a slow phone to hand over what was recorded

// Records until `stop` is called or three minutes are over; `done` resolves with the part. Where anything fails, then or
// later, the microphone is off again.
export async function record(tick) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const release = () => stream.getTracks().forEach((track) => track.stop());
  try {
    return begin(stream, tick, release);
  } catch (error) {
    release();
    throw error;
  }
}

function begin(stream, tick, release) {
  const type = TYPES.find((each) => MediaRecorder.isTypeSupported(each));
  const recorder = new MediaRecorder(stream, { mimeType: type, audioBitsPerSecond: 16000 });
  const chunks = [];
  let seconds = 0;
  let clock = 0;
  let fail;
  const done = new Promise((resolve, reject) => {
    const off = () => {
      clearInterval(clock);
      release();
    };
    fail = (error) => {
      off();
      reject(error);
    };
    recorder.ondataavailable = (event) => chunks.push(event.data);
    recorder.onerror = (event) => fail(event.error || event);
    recorder.onstop = async () => {
      off();
      const bytes = new Uint8Array(await new Blob(chunks).arrayBuffer());
      if (bytes.length) resolve({ kind: "voice", type: recorder.mimeType || type, bytes, seconds: Math.max(1, seconds) });
      else reject(new Error("nothing was recorded"));
    };
  });
  const stop = () => {
    if (recorder.state !== "inactive") recorder.stop();
    setTimeout(release, MOST_LIVE);
    setTimeout(() => fail(new Error("the recorder does not end")), MOST_WAIT);
  };
  recorder.start(1000);
  tick(0);
  clock = setInterval(() => {
    seconds += 1;
    tick(seconds);
    if (seconds >= LONGEST) stop();
  }, 1000);
  return { stop, done };
}
