// Follows the end of a list of messages, until somebody scrolls up to read.

const NEAR_PX = 64;
const UP_KEYS = ["ArrowUp", "PageUp", "Home"];

// `scroller` scrolls, `jump` is the button that shows when there is something new below.
export function following(scroller, jump) {
  let follow = true;

  function toEnd() {
    follow = true;
    jump.hidden = true;
    scroller.scrollTop = scroller.scrollHeight;
  }

  function settle() {
    if (follow) toEnd();
    else jump.hidden = false;
  }

  scroller.addEventListener("scroll", () => {
    const below = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
    if (below < NEAR_PX) {
      follow = true;
      jump.hidden = true;
    }
  }, { passive: true });
  scroller.addEventListener("wheel", (event) => { if (event.deltaY < 0) follow = false; }, { passive: true });
  scroller.addEventListener("touchmove", () => { follow = false; }, { passive: true });
  scroller.addEventListener("keydown", (event) => { if (UP_KEYS.includes(event.key)) follow = false; });
  return { toEnd, settle };
}
