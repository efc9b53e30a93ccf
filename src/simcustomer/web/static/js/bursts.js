// A customer's line that is sent in several messages: one appears after the other, with "… is writing" between them.
//
// The server draws every line whole; what has not come yet is hidden here. Whoever wants less motion sees it at once.

const still = matchMedia("(prefers-reduced-motion: reduce)");

// `log` holds the messages; `writing()` gives the bubble that says so; `came(text)` hears of each message that appears.
export function bursts(log, writing, came) {
  let line = ""; // the id of the line that is being sent
  let shown = 0;
  let timer = 0;

  function messages() {
    return line ? [...log.querySelectorAll(`#${CSS.escape(line)} .bub`)] : [];
  }

  // Starts to send a line that the server has drawn whole.
  function play(id) {
    rest();
    line = id;
    shown = still.matches ? messages().length : 1;
    came(messages().slice(0, shown).map(textOf).join(" "));
    draw();
    wait();
  }

  // Hides what has not come yet. To be called whenever the server has drawn the log anew.
  function draw() {
    const all = messages();
    if (shown >= all.length) line = "";
    all.forEach((message, place) => { message.hidden = Boolean(line) && place >= shown; });
    log.querySelector("[data-between]")?.remove();
    log.toggleAttribute("data-bursting", Boolean(line));
    if (!line) return;
    const typing = writing();
    typing.dataset.between = "";
    document.getElementById(line).after(typing);
  }

  function wait() {
    if (!line) return;
    timer = setTimeout(() => {
      const next = messages()[shown];
      shown += 1;
      draw();
      if (next) came(textOf(next));
      wait();
    }, Number(messages()[shown].dataset.pause) * 1000);
  }

  // The rest at once: the trainee has answered, or something else is shown now.
  function rest() {
    clearTimeout(timer);
    shown = Infinity;
    draw();
  }

  // How many messages there are so far; null when nothing is missing.
  function heard() {
    return line ? shown : null;
  }

  return { play, draw, rest, heard };
}

function textOf(message) {
  return message.querySelector(".text").textContent;
}
