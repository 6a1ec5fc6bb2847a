// What the pages do better with a script: focus on what is wrong, files dropped, findings as they come, a word before
// the session ends. Everything works without it.
"use strict";

document.querySelector("[data-focus]")?.focus();

// A second press would send the form twice.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  if (event.target.dataset.sent) {
    event.preventDefault();
    return;
  }
  event.target.dataset.sent = "yes";
  setTimeout(() => delete event.target.dataset.sent, 5000);
});

// A menu closes when the focus goes on, when something else is pressed, or by Escape.
for (const menu of document.querySelectorAll("details[data-closes]")) {
  const close = () => {
    menu.open = false;
  };
  document.addEventListener("focusin", (event) => menu.contains(event.target) || close());
  document.addEventListener("click", (event) => menu.contains(event.target) || close());
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    close();
    menu.querySelector("summary").focus();
  });
}

// Before the session ends, somebody who is filling in a form is told while there is time.
const timeOut = Number(document.body.dataset.timeOut);
if (timeOut) {
  const warnAt = Math.max(timeOut - 300, timeOut / 2);
  const minutes = Math.round((timeOut - warnAt) / 60);
  const left = timeOut - warnAt < 60 ? `${timeOut - warnAt} seconds` : `${minutes} minute${minutes === 1 ? "" : "s"}`;
  let warning;
  const wait = () => {
    clearTimeout(warning);
    warning = setTimeout(warn, warnAt * 1000);
  };
  const warn = () => {
    const dialog = document.createElement("dialog");
    dialog.setAttribute("aria-labelledby", "time-out");
    const heading = document.createElement("h2");
    heading.id = "time-out";
    heading.textContent = "You will be signed out soon";
    const text = document.createElement("p");
    text.textContent = `You have not opened a page for a while. In ${left} you will be signed out.`;
    const stay = document.createElement("button");
    stay.textContent = "Stay signed in";
    let isOver = false;
    stay.addEventListener("click", async () => {
      if (isOver) {
        dialog.close();
        return;
      }
      const answer = await fetch("/stay", { redirect: "manual" });
      if (answer.status === 204) {
        dialog.close();
        wait();
      } else {
        isOver = true;
        heading.textContent = "You were signed out";
        text.textContent = "Nothing you filled in is lost. Sign in in another tab, then send this form.";
        stay.textContent = "Close";
      }
    });
    dialog.append(heading, text, stay);
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  };
  wait();
}

// Check a pack: files dropped or chosen are sent at once, and each finding appears as its file is read.
const form = document.querySelector("form[data-pack]");
if (form) {
  const input = form.querySelector("input[type=file]");
  const drop = form.querySelector(".drop");
  const button = form.querySelector("button");
  const told = document.querySelector("[data-pack-told]");
  const bar = document.createElement("progress");

  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    input.files = event.dataTransfer.files;
    form.requestSubmit();
  });

  const say = (text) => {
    told.querySelector("[role=status]").textContent = text;
  };

  const read = async (answer) => {
    const target = told.querySelector("[data-pack-papers]");
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      rest += value;
      // Each part is whole, and ends with a line that holds nothing but a zero character.
      const parts = rest.split("\0");
      rest = parts.pop();
      for (const part of parts) {
        const template = document.createElement("template");
        template.innerHTML = part;
        const read = template.content.querySelectorAll("[data-paper]").length;
        target.append(template.content);
        if (read) say(`Read ${target.querySelectorAll("[data-paper]").length} so far.`);
      }
    }
    say("Every file is read.");
    told.querySelector("#result")?.focus();
  };

  form.addEventListener("submit", (event) => {
    if (!input.files.length) return;
    event.preventDefault();
    delete form.dataset.sent;
    button.disabled = true;
    told.hidden = false;
    told.querySelector("[data-pack-papers]").replaceChildren();
    bar.setAttribute("aria-label", "Sending the files");
    drop.append(bar);
    say("Sending the files.");
    const done = () => {
      button.disabled = false;
      bar.remove();
    };
    // fetch() does not tell how much has been sent; the answer is streamed by it all the same.
    fetch(form.action, { method: "POST", body: new FormData(form), headers: { Accept: "text/x-pack-parts" } })
      .then(async (answer) => {
        if (!answer.ok) {
          document.open();
          document.write(await answer.text());
          document.close();
          return;
        }
        say("Reading the files.");
        await read(answer);
      })
      .catch(() => say("The files could not be sent. Check the connection and send them again."))
      .finally(done);
  });
}
