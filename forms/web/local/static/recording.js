// A recording is made here, into the field that takes a file, and listened to before it is sent. Without this, a file is chosen.
// The field has what is said in data-record, -stop, -again and -none, and in data-longest the seconds that it may take.
(() => {
  "use strict";
  const field = document.querySelector("[data-record]");
  if (!field || !window.MediaRecorder || !navigator.mediaDevices) return;
  const { record, stop, again, none, longest } = field.dataset;
  const button = document.createElement("button");
  const heard = document.createElement("audio");
  const said = document.createElement("p");
  let recorder = null;
  button.type = "button";
  button.className = "button quiet record";
  button.textContent = record;
  heard.controls = true;
  heard.hidden = true;
  field.after(button, heard, said);

  const show = () => {
    URL.revokeObjectURL(heard.src);
    const [file] = field.files;
    heard.hidden = !file;
    if (file) heard.src = URL.createObjectURL(file);
    else heard.removeAttribute("src");
  };
  field.addEventListener("change", show);

  button.addEventListener("click", async () => {
    if (recorder) { recorder.stop(); return; }
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch {
      button.hidden = true;
      said.setAttribute("role", "alert");
      said.textContent = none;
      return;
    }
    const chunks = [];
    let seconds = 0;
    recorder = new MediaRecorder(stream);
    recorder.ondataavailable = (event) => chunks.push(event.data);
    const clock = setInterval(() => {
      seconds += 1;
      button.textContent = `${stop} ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      if (seconds >= longest && recorder?.state === "recording") recorder.stop();
    }, 1000);
    recorder.onstop = () => {
      clearInterval(clock);
      stream.getTracks().forEach((track) => track.stop());
      const files = new DataTransfer();
      files.items.add(new File(chunks, "recording", { type: recorder.mimeType }));
      field.files = files.files;
      recorder = null;
      button.textContent = again;
      show();
    };
    recorder.start();
    button.textContent = `${stop} 0:00`;
  });

  // Whoever sends while it runs means it to go along.
  field.form.addEventListener("submit", (event) => {
    if (!recorder) return;
    event.preventDefault();
    const { submitter } = event;
    recorder.addEventListener("stop", () => field.form.requestSubmit(submitter));
    recorder.stop();
  });
})();
