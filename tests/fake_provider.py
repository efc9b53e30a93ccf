"""A model provider for tests: a real HTTP server that speaks the OpenAI wire format and plays every part sensibly.

It reads the prompt as a model would, only with word lists instead of sense, so that a whole conversation can be played
against it. It counts requests by purpose and shows any fault that it is told to:

    with FakeProvider() as provider:
        provider.will("rate_limited", purpose="customer", times=2, retry_after="7")
        model = LiteLLMModel("hosted_vllm/fake", provider.api_base)

By hand:  python -m tests.fake_provider --port 9300 --fault breaks_guard:customer:1
and then: SIMCUSTOMER_MODEL=hosted_vllm/fake SIMCUSTOMER_API_BASE=http://127.0.0.1:9300/v1 simcustomer serve
"""

from __future__ import annotations

import argparse
import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SLOW_S = 0.6
"""How long a slow answer takes, seconds."""
FAULTS = (
    "rate_limited",
    "server_error",
    "hang",
    "slow",
    "wrong_key",
    "no_such_model",
    "no_schema",
    "no_response_format",
    "html",
    "no_usage",
    "truncated",
    "cut_off",
    "not_json",
    "empty",
    "refusal",
    "content_filter",
    "thinks",
    "thinks_in_field",
    "fenced",
    "breaks_guard",
    "misquotes",
)


@dataclass
class Fault:
    """Something that goes wrong, for the next ``times`` requests of ``purpose`` (None: of any)."""

    kind: str
    purpose: str | None
    times: int
    retry_after: str | None


@dataclass
class FakeProvider:
    """The server, on a free port of this machine unless one is given. ``requests`` holds the bodies as received."""

    port: int = 0
    faults: list[Fault] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closed: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> FakeProvider:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def api_base(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def will(
        self, kind: str, purpose: str | None = None, times: int = 1, retry_after: str | None = None
    ) -> None:
        """Go wrong in this way for the next ``times`` requests of ``purpose``."""
        assert kind in FAULTS, f"no fault {kind!r}; there are: {', '.join(FAULTS)}"
        self.faults.append(Fault(kind, purpose, times, retry_after))

    def prompts(self, purpose: str) -> list[str]:
        """The prompts of this purpose so far, each as one text: role and content of each message in order."""
        return [as_text(body) for body in self.requests if purpose_of(body) == purpose]

    def take(self, body: dict[str, Any]) -> Fault | None:
        """Note a request; the fault that it shall meet, if any."""
        purpose = purpose_of(body)
        with self._lock:
            self.requests.append(body)
            self.counts[purpose] += 1
            for fault in self.faults:
                if fault.times and fault.purpose in (None, purpose):
                    fault.times -= 1
                    return fault
        return None

    def wait_until_closed(self, at_most_s: float | None = None) -> None:
        self._closed.wait(at_most_s)


# --- HTTP ----------------------------------------------------------------------------------------------------------


def _handler(provider: FakeProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self.send(200, json.dumps({"object": "list", "data": [{"id": "fake", "object": "model"}]}))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            fault = provider.take(body)
            kind = fault.kind if fault else ""
            if kind == "slow":
                provider.wait_until_closed(SLOW_S)
            if kind == "hang":
                provider.wait_until_closed()
                self.close_connection = True
            elif refused := _refused(kind, body):
                wish = {"Retry-After": fault.retry_after} if fault and fault.retry_after else {}
                self.send(refused[0], json.dumps({"error": {"message": refused[1], "type": kind}}), wish)
            elif kind == "html":
                self.send(200, "<html><body>Welcome to the proxy</body></html>", kind="text/html")
            else:
                self.send(200, json.dumps(completion(body, kind), ensure_ascii=False))

        def send(
            self,
            status: int,
            text: str,
            headers: dict[str, str] | None = None,
            kind: str = "application/json",
        ) -> None:
            data = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

    return Handler


def _refused(kind: str, body: dict[str, Any]) -> tuple[int, str] | None:
    """Status and words of a request that is refused as a whole; a format is refused only where it is asked for."""
    if kind == "no_schema" and _format(body) != "json_schema":
        return None
    if kind == "no_response_format" and _format(body) is None:
        return None
    return _REFUSALS.get(kind)


_REFUSALS = {
    "rate_limited": (429, "Rate limit reached"),
    "server_error": (500, "The server had an error while processing your request"),
    "wrong_key": (401, "Incorrect API key provided"),
    "no_such_model": (404, "The model does not exist"),
    "no_schema": (400, "response_format type json_schema is not supported by this model"),
    "no_response_format": (400, "Unknown parameter: response_format"),
}


def completion(body: dict[str, Any], fault: str = "") -> dict[str, Any]:
    """The answer to a request in the wire format, with this fault in it."""
    purpose = purpose_of(body)
    answer = PLAYERS[purpose](body)
    if fault == "breaks_guard":
        answer["line"] = "How can I help you today? Is there anything else I can do for you?"
    if fault == "misquotes":
        answer = json.loads(
            re.sub(r'"quote": "[^"]+"', '"quote": "words that nobody said"', json.dumps(answer))
        )
        answer = _misquoted_advice(answer)
    if fault == "thinks_in_field":
        answer = {
            key: f"<think>hm</think>{value}" if isinstance(value, str) else value
            for key, value in answer.items()
        }
    text = json.dumps(answer, ensure_ascii=False)
    message: dict[str, Any] = {"role": "assistant", "content": _TEXTS.get(fault, lambda t: t)(text)}
    if fault == "refusal":
        message |= {"content": None, "refusal": "I cannot play this part."}
    used = {"prompt_tokens": len(as_text(body).split()), "completion_tokens": len(text.split())}
    return {
        "id": "fake-1",
        "object": "chat.completion",
        "created": 1,
        "model": body.get("model", "fake"),
        "choices": [{"index": 0, "message": message, "finish_reason": _REASONS.get(fault, "stop")}],
    } | ({} if fault == "no_usage" else {"usage": used | {"total_tokens": sum(used.values())}})


_TEXTS: dict[str, Callable[[str], str]] = {
    "truncated": lambda text: text[: len(text) // 2],
    "cut_off": lambda text: text[: len(text) // 2],
    "not_json": lambda text: f"Sure! Here is what you asked for: {text}",
    "empty": lambda text: "",
    "content_filter": lambda text: "",
    "thinks": lambda text: f'<think>They sound upset. {{"line": "no"}} is wrong.</think>\n{text}',
    "fenced": lambda text: f"```json\n{text}\n```",
}
_REASONS = {"cut_off": "length", "content_filter": "content_filter"}


def _misquoted_advice(answer: dict[str, Any]) -> dict[str, Any]:
    for point in answer.get("say_better", []):
        point["said"] = "words that nobody said"
    return answer


# --- reading a prompt ------------------------------------------------------------------------------------------------


def _format(body: dict[str, Any]) -> str | None:
    kind = (body.get("response_format") or {}).get("type")
    return str(kind) if kind else None


def as_text(body: dict[str, Any]) -> str:
    """The messages of a request as one text."""
    return "\n".join(f"[{message['role']}]\n{_content(message)}" for message in body["messages"])


def _content(message: dict[str, Any]) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def purpose_of(body: dict[str, Any]) -> str:
    """The act that a request is about: by the name of its schema, or by the schema in the prompt."""
    if _format(body) == "json_schema":
        return str(body["response_format"]["json_schema"]["name"])
    text = as_text(body)
    fields = {"cues": "appraise", "items": "judge", "say_better": "coach", "hint": "hint", "here": "ping"}
    fields |= {"done": "trainee", "invented": "grade"}
    found = next((act for name, act in fields.items() if f'"{name}": {{' in text), None)
    return found or ("survey" if "A form now asks" in text else "customer")


def _system(body: dict[str, Any]) -> str:
    return _content(body["messages"][0])


def _last(body: dict[str, Any]) -> str:
    return _content(
        next(
            m for m in reversed(body["messages"]) if m["role"] == "user" and "That answer" not in _content(m)
        )
    )


def _fenced(text: str) -> Iterator[tuple[str, str]]:
    """What stands between marks: (label, text)."""
    for found in re.finditer(
        r"^<(data-[0-9a-f]+) ?([^>\n]*)>\n(.*?)\n</\1>$", text, re.DOTALL | re.MULTILINE
    ):
        yield found.group(2), found.group(3)


def _is_spanish(body: dict[str, Any]) -> bool:
    return "Spanish" in _system(body) or "Spanish" in _last(body)


def _sentences(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"(?<=[.!?])\s+|\n+", text) if part.strip()]


# --- the players -----------------------------------------------------------------------------------------------------

CUES = {
    "talks_to_the_simulator": r"system:|set anger|award \d|ignore (?:all|previous)|evaluator|\{\{",
    "sarcasm_or_hostility": r"stupid|idiot|whatever|tont[oa]|idiota",
    "tells_to_calm_down": r"calm down|relax|c[aá]lm[ae]|tranquil[ií]",
    "blames": r"your fault|should have|culpa suya|culpa tuya|deber[ií]a[s]? haber",
    "policy_wall": r"\bpolic(?:y|ies)\b|procedure|pol[ií]tica|normativa|procedimiento",
    "refusal_without_alternative": r"\b(?:cannot|can't|unable)\b|no podemos|no es posible|imposible",
    "passes_the_buck": r"another department|the carrier|otro departamento|el transportista",
    "dismisses_or_minimises": r"\bonly\b|not a big deal|sorry you feel|no es para tanto|solo es",
    "acknowledges_feeling": r"must be|frightening|worr|angry|upset|frustrat|normal que|angusti|preocup|enfad|molest",
    "names_the_issue": r"deliver|parcel|charge|bill|outage|power|factura|paquete|entregad|cargo|luz|ca[ií]da|corte",
    "sincere_apology": r"\b(?:i am|i'm|we are) (?:so |very |truly )?sorry\b|\bapologi|\blo siento\b|\bsiento mucho|\bdisculp",
    "key_reassurance": r"will not (?:have to )?(?:pay|lose)|won't (?:have to )?(?:pay|lose)|no (?:vas|va) a (?:perder|pagar)|no te vas a quedar",
    "protective_action": r"block|secured|frozen|reserved|bloque|asegurad|reservad",
    "ownership": r"\bi will\b|\bi'll\b|myself|me encargo|yo mism|voy a",
    "concrete_next_step": r"\bi(?: will|'ll| am| have|'ve)\b.*\b(?:send|call|file|open|check|sen[dt]|refund)|env[ií]|llam|abr[oi]|revis",
    "time_commitment": r"\btoday|tomorrow|tonight|by \d|\bwithin\b|hoy|ma[ñn]ana|antes de las|a las \d",
    "offers_choice": r"would you (?:rather|prefer)|prefer|either|prefiere[s]?|elige|elija",
    "plain_explanation": r"because|that means|porque|significa|es decir",
    "respectful_boundary": r"i want to help.*(?:language|insult)|quiero ayudar.*insult",
    "warm_handover": r"hand(?:ing)? you (?:over )?to|le paso con|te paso con",
    "checks_understanding": r"does that|did i get|is that right|le parece|te parece|es correcto",
    "open_question": r"(?:what|how|tell me|cu[eé]nt|qu[eé]|c[oó]mo).*\?",
    "ends_conversation": r"closing this chat|end this chat|cierro (?:el|este) chat|termino (?:el|este) chat",
}
UNSETTLING = frozenset(list(CUES)[: list(CUES).index("acknowledges_feeling")])


def _cues(text: str) -> list[dict[str, str]]:
    return [
        {"quote": sentence, "kind": kind, "strength": "clear"}
        for sentence in _sentences(text)
        for kind, pattern in CUES.items()
        if re.search(pattern, sentence, re.IGNORECASE)
    ]


def appraise(body: dict[str, Any]) -> dict[str, Any]:
    reply = next(text for label, text in _fenced(_last(body)) if label == "reply")
    asked = _system(body).rpartition("# Questions about this customer")[2]
    ids = re.findall(r"^- ([a-z0-9_]+): ", asked, re.MULTILINE)
    return {"cues": _cues(reply), "questions": [{"id": name, "quote": "", "touched": False} for name in ids]}


LINES = {
    "en": {
        "worse": [
            "That does not help me at all, and you know it.",
            "Are you even reading what I write here?",
            "I cannot believe this is the answer I get.",
            "Wonderful. So I am left alone with it, again.",
            "This gets worse with every message of yours.",
            "I have had it with these answers, honestly.",
            "You are making me angrier, not calmer.",
            "Nobody over there seems to care one bit.",
        ],
        "same": [
            "And what does that change for me?",
            "Right. But where does that leave me now?",
            "I still do not know what happens next.",
            "Fine, go on then, I am listening.",
            "You have not told me much so far.",
            "I hear words. I would like to see something happen.",
            "So what are we actually doing about it?",
            "Somebody must be able to tell me more than that.",
        ],
        "better": [
            "Well, that is the first thing today that makes sense.",
            "Okay. That does take some weight off.",
            "All right, I can live with a plan like that.",
            "Good that somebody finally looks at it properly.",
            "I was starting to think nobody would listen.",
            "Hm. That sounds more like it, thank you.",
            "If it really goes like that, I would be relieved.",
            "You are the first person who took this seriously.",
        ],
        "end": ["Then we leave it there. Bye."],
        "survey": ["They told me what they would do, and how they spoke to me is what stayed."],
        "hint": ["What would this customer need to hear before any solution can reach them?"],
        "better_wording": [
            "I can see what this has cost you, and from here on I am taking care of it myself."
        ],
        "why": ["It shows the customer that their trouble was taken in."],
        "reason": ["the words show it"],
    },
    "es": {
        "worse": [
            "Eso no me sirve de nada, y lo sabe perfectamente.",
            "¿Pero está leyendo lo que le escribo?",
            "No me puedo creer que esta sea la respuesta.",
            "Estupendo, o sea que me las arregle como pueda.",
            "Cada mensaje suyo me pone peor que el anterior.",
            "Me cansan estas contestaciones, de verdad.",
            "Así me enfado más, no menos.",
            "Ahí parece que no le importa a nadie.",
        ],
        "same": [
            "¿Y eso en qué me cambia las cosas?",
            "Ya. Pero yo sigo exactamente donde estaba.",
            "Sigo sin saber qué va a pasar ahora.",
            "Bueno, siga, le escucho.",
            "De momento no me ha aclarado gran cosa.",
            "Palabras oigo muchas; hechos, todavía ninguno.",
            "Entonces, ¿qué se va a hacer en concreto?",
            "Alguien tendrá que saber algo más, digo yo.",
        ],
        "better": [
            "Mire, es lo primero sensato que oigo hoy.",
            "Bueno, con eso ya respiro algo mejor.",
            "De acuerdo, con un plan así me conformo.",
            "Menos mal que alguien se lo toma en serio.",
            "Empezaba a pensar que no me iba a escuchar nadie.",
            "Eso ya me suena mejor, se lo agradezco.",
            "Si de verdad sale así, me quedo mucho más a gusto.",
            "Por fin una persona que entiende el problema.",
        ],
        "end": ["Pues lo dejamos aquí. Adiós."],
        "survey": ["Me explicaron lo que iban a hacer, y lo que se me queda es cómo me trataron."],
        "hint": ["¿Qué necesita oír esta persona antes de que le sirva cualquier solución?"],
        "better_wording": [
            "Veo lo que le ha supuesto todo esto y a partir de ahora me encargo yo en persona."
        ],
        "why": ["Así ve que se ha entendido su problema."],
        "reason": ["lo muestran sus palabras"],
    },
}


def _bank(body: dict[str, Any]) -> dict[str, list[str]]:
    return LINES["es" if _is_spanish(body) else "en"]


def customer(body: dict[str, Any]) -> dict[str, Any]:
    direction, bank = _last(body).rpartition("Stage direction")[2], _bank(body)
    sort = "worse" if "made it worse" in direction else "better" if "eased it" in direction else "same"
    sort = sort if "The chat goes on" in direction else "end"
    said = {_content(message) for message in body["messages"] if message["role"] == "assistant"}
    return {"line": next((line for line in bank[sort] if line not in said), bank[sort][0])}


def survey(body: dict[str, Any]) -> dict[str, Any]:
    return {"line": _bank(body)["survey"][0]}


PROOFS = {
    "hostile|sarcas|threat|argues": {"sarcasm_or_hostility"},
    "calm_down": {"tells_to_calm_down"},
    "minimis": {"dismisses_or_minimises"},
    "blame": {"blames"},
    "policy|recites": {"policy_wall"},
    "refuses": {"refusal_without_alternative"},
    "buck|dumps": {"passes_the_buck"},
    "hollow|jump|repeat|passes_over|jargon|overload|too_much": set(),
    "feeling|validates|heat": {"acknowledges_feeling"},
    "apolog": {"sincere_apology"},
    "worry|secures": {"key_reassurance", "protective_action"},
    "question|checks": {"open_question", "checks_understanding"},
    "restates|hears": {"names_the_issue", "acknowledges_feeling"},
    "owns|helping|can_be_done": {"ownership", "concrete_next_step"},
    "step|clos": {"concrete_next_step", "time_commitment"},
    "time": {"time_commitment"},
    "choice|alternative": {"offers_choice"},
    "explain": {"plain_explanation"},
    "boundary": {"respectful_boundary"},
    "hand|supervisor": {"warm_handover"},
}
"""What an item's id speaks of -> the cues that prove it. An item of an unknown sort is proven by anything good."""


def _proves(item: str, kind: str) -> bool:
    kinds = next((kinds for words, kinds in PROOFS.items() if re.search(words, item)), None)
    return kind not in UNSETTLING if kinds is None else kind in kinds


OCCASION = re.compile(
    r"^- ([a-z0-9_]+)(?: \[harm\])? \[only if [^\]]*(?:supervisor|insulted)[^\]]*\]: ", re.MULTILINE
)
COMPLAINS = re.compile(r"supervisor|manager|encargad|in[uú]til|useless", re.IGNORECASE)


def judge(body: dict[str, Any]) -> dict[str, Any]:
    asked, _, anchors = _system(body).partition("# Levels")
    items = re.findall(r"^- ([a-z0-9_]+)(?: \[[^\]]*\])*: ", asked, re.MULTILINE)
    criteria = re.findall(r"^## ([a-z0-9_]+)$", anchors, re.MULTILINE)
    if "could not be checked" in _last(body):
        items = re.findall(r"^- ([a-z0-9_]+): was ", _last(body), re.MULTILINE)
    seen = [
        (int(label.split()[1]), cue)
        for label, text in _fenced(_last(body))
        if label.endswith("trainee")
        for cue in _cues(text)
    ]
    said = list(_fenced(_last(body)))
    has_occasion = any(label.endswith("customer") and COMPLAINS.search(text) for label, text in said)
    absent = set() if has_occasion else set(OCCASION.findall(asked))
    judged = {"items": [_item(name, seen, body, name in absent) for name in items]}
    if "could not be checked" in _last(body):
        return judged
    harm = sum(cue["kind"] in UNSETTLING for _, cue in seen)
    level = "4" if len(seen) > 3 * harm else "2"
    reason = _bank(body)["reason"][0]
    levels = {
        name: "not_applicable" if absent and name.startswith("escalation") else level for name in criteria
    }
    return judged | {"levels": [{"criterion": n, "reason": reason, "level": v} for n, v in levels.items()]}


def _item(
    name: str, seen: list[tuple[int, dict[str, str]]], body: dict[str, Any], is_absent: bool
) -> dict[str, Any]:
    proofs = [
        {"message": number, "quote": cue["quote"]} for number, cue in seen if _proves(name, cue["kind"])
    ]
    return {
        "item": name,
        "evidence": [] if is_absent else proofs[:1],
        "reason": _bank(body)["reason"][0],
        "answer": "not_applicable" if is_absent else "met" if proofs else "not_met",
    }


def coach(body: dict[str, Any]) -> dict[str, Any]:
    mine = [
        (int(label.split()[1]), text) for label, text in _fenced(_last(body)) if label.endswith("trainee")
    ]
    bank = _bank(body)
    better = [
        {
            "message": n,
            "said": _sentences(text)[0],
            "better": bank["better_wording"][0],
            "why": bank["why"][0],
        }
        for n, text in mine[:2]
    ]
    praised = [(n, cue["quote"]) for n, text in mine for cue in _cues(text) if cue["kind"] not in UNSETTLING]
    went_well = [{"message": n, "quote": quote, "why": bank["why"][0]} for n, quote in praised[:1]]
    return {"say_better": better, "went_well": went_well}


def hint(body: dict[str, Any]) -> dict[str, Any]:
    return {"hint": _bank(body)["hint"][0]}


def trainee(body: dict[str, Any]) -> dict[str, Any]:
    said = sum(message["role"] == "assistant" for message in body["messages"])
    return {"reply": f"Reply {said + 1}." if said < 4 else "", "done": said >= 4}


def grade(_: dict[str, Any]) -> dict[str, Any]:
    return {"words": "", "reason": "known", "invented": "no"}


def ping(_: dict[str, Any]) -> dict[str, Any]:
    return {"here": True}


PLAYERS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "appraise": appraise,
    "customer": customer,
    "survey": survey,
    "judge": judge,
    "coach": coach,
    "hint": hint,
    "trainee": trainee,
    "grade": grade,
    "ping": ping,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=9300)
    parser.add_argument(
        "--fault", action="append", default=[], help=f"KIND[:PURPOSE[:TIMES]]; KIND: {', '.join(FAULTS)}"
    )
    args = parser.parse_args()
    with FakeProvider(port=args.port) as provider:
        for fault in args.fault:
            kind, purpose, times = [*fault.split(":"), "", ""][:3]
            provider.will(kind, purpose or None, int(times or 1))
        print(f"answering on {provider.api_base}", flush=True)
        try:
            provider.wait_until_closed()
        except KeyboardInterrupt:
            print(dict(provider.counts), flush=True)


if __name__ == "__main__":
    main()
