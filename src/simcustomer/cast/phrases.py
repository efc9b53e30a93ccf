"""Words that give a line away: what somebody who came for help would not write. ``guard`` looks for them.

Each pattern is narrow: it names the turns of phrase themselves and not their subject, since upset people also thank in
scorn, threaten to leave, and say what they think should be done. ``tests/cast/lines`` holds good lines that must pass.
"""

from __future__ import annotations

import re

STAGED = re.compile(
    r"\*[^*\n]+\*"  # *sighs*
    r"|\[[^\]\n]+\]"  # [angrily]
    r"|(?<!\w)_[^_\n]+_(?!\w)"  # _sighs_
    r"|\((?:\w+ly|sigh\w*|paus\w*|shout\w*|laugh\w*|cry\w*|typ\w*|angr\w*|silence|suspir\w*|pausa\w*|grit\w*|r[ií]\w*"
    r"|llor\w*|escrib\w*|enfad\w*|enojad\w*|molest\w*|silencio|nervios\w*|con tono\b[^)]*|in an?\b[^)]*|\w+mente)\)",
    re.IGNORECASE,
)

MACHINERY = re.compile(
    r"\bas an ai\b|\bi(?:'m| am) an ai\b|\blanguage model\b|\bsystem prompt\b|\bstage direction\b|\brubric\b"
    r"|\brole-?play(?:ing)?\b|\bmy persona\b|\b(?:anger|anxiety|confusion|tension|trust|patience)\s*(?:[:=]|is at|level)\s*\d"
    r"|\bscore of \d|\b\d{1,3}\s*/\s*100\b|\bdata-[0-9a-f]{8,}"
    r"|\bcomo (?:una )?ia\b|\bsoy una ia\b|\bmodelo de lenguaje\b|\bacotaci[oó]n|\b(?:la|una) r[uú]brica\b|\bjuego de rol\b"
    r"|\bmi personaje\b|\b(?:enfado|ira|ansiedad|confusi[oó]n|tensi[oó]n|confianza|paciencia)\s*[:=]\s*\d"
    r"|\b(?:cannot|can't|not able to|unable to) (?:comply|engage (?:in|with)|assist with (?:this|that))\b|\bcontent polic"
    r"|\b(?:violates?|against) (?:my|our) (?:guidelines|polic|programming)|\b(?:this|the) (?:scenario|simulation|training exercise)\b"
    r"|\bno puedo (?:participar en|interactuar con|generar|cumplir con es[ea])\b|\b(?:incumple|infringe|va contra) (?:mis|las) "
    r"(?:normas|pautas|pol[ií]ticas) de (?:uso|contenido)|\b(?:esta|una|la) simulaci[oó]n\b"
    r"|[{}]|</?[a-z]",
    re.IGNORECASE,
)

REASONING = re.compile(
    r"^\W*(?:okay|ok|alright|so|first),? (?:the (?:user|trainee|agent|rep)|i (?:need|have|should|want) to (?:respond|write|reply))"
    r"|\bthe (?:user|trainee) (?:wants|asked|is asking|has|just|wrote|said)\b|\b(?:respond|reply|write|answer) (?:in character|as the customer)\b"
    r"|\bstay(?:ing)? in character\b|^\W*(?:reasoning|thinking|thoughts?|analysis|reply|response|"
    r"draft|razonamiento|an[aá]lisis|respuesta|borrador)\s*:"
    r"|\bas (?:the|an?) (?:\w+ )?customer,? i(?:'d| would) (?:say|respond|reply|answer|react|be|feel|probably|likely)\b"
    r"|\bi(?:'d| would| should| need to| have to) (?:sound|act|seem|come across) (?:angr|upset|frustrat|worried|like a customer)\w*"
    r"|\bin my role\b|\bmy character\b|\bcomo (?:la |una? |el )?client[ea](?: \w+)?,? (?:yo )?(?:dir[ií]a|responder[ií]a|contestar[ií]a|"
    r"reaccionar[ií]a|me mostrar[ií]a)\b|\b(?:debo|tengo que) (?:sonar|mostrarme|parecer) (?:enfadad|enojad|molest|angustiad)\w*|\ben mi papel\b"
    r"|\bel (?:usuario|aprendiz) (?:quiere|pide|ha|dice|pregunta)\b|\b(?:responder|escribir|contestar) como (?:la |el )?client[ea]\b"
    r"|^\W*(?:bueno|vale|bien),? (?:debo|tengo que|necesito) (?:responder|escribir|contestar)\b",
    re.IGNORECASE,
)

SERVES = re.compile(
    r"\bhow (?:can|may|could) (?:i|we) (?:help|assist|be of)\b"
    r"|\b(?:can|may|could) i (?:help|assist) you\b|\banything else (?:that )?(?:i|we) can (?:help|assist|do)\b"
    r"|\b(?:happy|glad|here|pleased) to (?:help|assist) (?:you\b|with that\b|[.!]|$)"
    r"|\b(?:i'll|i will|let me|allow me to) (?:look into|check (?:on )?(?:that|this|it)|pull up|escalate|assist|help you|transfer you)\b"
    r"|\bthank you for (?:contacting|reaching out|your patience|calling|bringing this)\b"
    r"|\b(?:i|we) (?:sincerely )?apologi[sz]e for (?:the|any|your|this)\b|\bsorry for (?:the|any) inconvenience\b"
    r"|\b(?:i|we) (?:completely |totally |fully )?understand (?:your|how) (?:frustrat|you feel|upset|concern)"
    r"|\bhow can i make (?:this|it) right\b"
    r"|\bi(?:'ll|'ve|'m| will| have| am)?(?: just| now| already| going to| personally)* (?:refund(?:ed|ing)?|credit(?:ed|ing)?|"
    r"waiv(?:e|ed|ing)|block(?:ed|ing)?|resend(?:ing)?|reship(?:ped|ping)?|process(?:ed|ing)?) (?:you|your)\b"
    r"|\bi(?:'ll|'m going to| will| can) (?:look|sort|fix|check|arrange|handle|take care|find out)\b[^.!?]{0,30}\bfor you\b"
    r"|\bmy name(?:'s| is) \w+(?: \w+)? and i(?:'ll| will|'m going to| am here) (?:be |to )?(?:help|assist|handl|look)\w*"
    r"|\byou(?:'re| are) (?:now )?(?:chatting|speaking|talking) (?:to|with) \w+ (?:from|at|in)\b"
    r"|\bi(?:'m| am) (?:your|the) (?:agent|representative|advisor|adviser|service agent|support agent) (?:today|here|for)\b"
    r"|\b(?:here at|on behalf of) (?:the )?\w+[^.!?]{0,30}\b(?:we|i) (?:value|apologi)\w*"
    r"|\bwe(?:'ll| will| are going to) (?:refund|reimburse|replace|credit|compensate|investigate|resolve|waive) (?:you|your|this|that|it|the)\b"
    r"|\b(?:your|the) (?:refund|replacement|claim) (?:has been|will be) (?:processed|approved|issued) (?:today|now|within|shortly|by me)\b"
    r"|\b(?:le|te) (?:saluda|atiende|habla) \w+(?: \w+)?,? (?:del?|desde|en) (?:la |el )?(?:[aá]rea|departamento|equipo|servicio|atenci[oó]n|soporte)"
    r"|\bsoy (?:su|tu) (?:agente|asesor|asesora|ejecutiv[oa])\b"
    r"|\b(?:le|te|les|os) (?:reembolsar|devolver|abonar|compensar|solucionar|resolver)(?:emos|é)\b"
    r"|\b(?:investigaremos|gestionaremos|tramitaremos|solucionaremos|resolveremos) (?:su|tu|el|la|lo|esto|este)\b"
    r"|\ben qu[eé] (?:le |te |os |les )?(?:puedo|podemos) (?:ayudar|servir|colaborar)"
    r"|\b(?:le|te|les|os) (?:puedo|podemos) ayudar\b|\b(?:puedo|podemos) ayudar(?:le|te|les|os)\b"
    r"|\balgo m[aá]s en (?:lo )?que (?:le |te )?(?:pueda|podamos|puedo|podemos) ayudar"
    r"|\b(?:con (?:mucho )?gusto|encantad[oa] de) (?:le |te )?ayud|\bestoy aqu[ií] para ayudar"
    r"|\bgracias por (?:contactar|comunicarse|comunicarte|su paciencia|tu paciencia|ponerse en contacto)"
    r"|\b(?:lamento|lamentamos|disculp[ea]|perdon[ea]) (?:los|las) (?:inconvenient|molestia)"
    r"|\b(?:le|te) (?:he |voy a )?(?:reembols|abon|bloque|tramit|gestion)\w*|\b(?:voy|vamos) a (?:revisar|tramitar|gestionar|"
    r"reembolsar|escalar) (?:su|tu)\b"
    r"|\bquedo a (?:su|tu) disposici[oó]n|\b(?:perm[ií]tame|perm[ií]teme|d[eé]jeme|d[eé]jame) (?:revisar|verificar|consultar|comprobar)"
    r"|\b(?:entiendo|comprendo) (?:perfectamente |totalmente )?(?:su|tu) (?:frustraci|molestia|enfado|enojo|preocupaci)",
    re.IGNORECASE,
)

ADVISES = re.compile(
    r"\bmy advice (?:to you |here )?(?:is|would be) to\b|\bi(?:'d| would) (?:recommend|advise) (?:that|first|an?|the|\w+ing)\b|\bi recommend (?:that|you|start|check|open)\w*"
    r"|\bi(?:'d| would) suggest (?:that you |you )?(?:start|first|begin|try|open|offer|apologi[sz]|ask|follow|tell)\w*"
    r"|\bhere(?:'s| is) what (?:you should|i would|i'd) (?:do|say|suggest|write)\b"
    r"|\b(?:first|then|next|finally|secondly),? (?:you should |you could )?(?:apologi[sz]e|acknowledge|empathi[sz]e|validate)\b"
    r"|\byou (?:should|could) (?:start|begin) by \w+ing\b|\ba (?:good|better) (?:reply|response|answer) (?:would|might|could)\b"
    r"|\bthe best (?:approach|way forward|course of action|practice) (?:would be|is|here)\b|\bhave you tried (?:turning|restarting|rebooting|resetting)"
    r"|\bto (?:calm|help|handle|de-escalate) (?:a|an|upset|angry) (?:customer|customers|person)\b"
    r"|\bmi (?:consejo|recomendaci[oó]n) (?:es|ser[ií]a)\b|\b(?:le|te) recomiendo (?:que |empezar|comenzar|revisar|abrir)"
    r"|\b(?:le|te) (?:aconsejo|aconsejar[ií]a|recomendar[ií]a|sugerir[ií]a)\b|\byo (?:recomendar[ií]a|sugerir[ií]a|aconsejar[ií]a)\b"
    r"|\b(?:primero|luego|despu[eé]s),? (?:debe(?:r[ií]as?|s)?|puedes?|conviene) (?:disculpar|pedir disculpas|reconocer|validar|empatizar)\w*"
    r"|\b(?:podr[ií]a|podr[ií]as|debe|deber[ií]a|deber[ií]as) (?:empezar|comenzar) por \w+r\b|\buna buena (?:respuesta|contestaci[oó]n) ser[ií]a\b"
    r"|\b(?:ha|has) probado (?:a|con) (?:reiniciar|apagar|restablecer)",
    re.IGNORECASE,
)
"""Advice on how to serve. "I suggest you look again", in scorn, is a customer's."""

PRAISES = re.compile(
    r"(?<!should )(?<!think )(?<!would )(?<!how can )(?<!can )\bi (?:already |really |do )?feel (?:so much |much |a lot |so |already )?(?:better|calmer|relieved|reassured)\b"
    r"|\bthat(?:'s| is) (?:such a|a huge|a great|a big|a real) (?:relief|weight off)"
    r"|\bthank(?:s| you) so much for (?:your|being|helping|understanding|listening|taking|everything)"
    r"|\bi (?:really |truly |so |do )appreciate (?:your|you|the) (?:help|kind|understanding|patience|support|effort|taking|being|quick)"
    r"|\beverything(?:'s| is) (?:fine|okay|ok|good|all right) now\b|\bthat(?:'s| is) all i needed\b"
    r"|\b(?:5|five)(?: out of |\s*/\s*)(?:5|five)\b|\b(?:10|ten)(?: out of |\s*/\s*)(?:10|ten)\b(?! for)|\b(?:five|5) stars (?:from|for|to) (?:me|you)\b"
    r"|(?<!no )\bme (?:siento|quedo) (?:ya )?(?:mucho )?m[aá]s tranquil[oa]|\bmuch[ií]simas gracias por (?:su|tu|todo|ayud|entend|escuch|atend)"
    r"|(?<!no )\best[aá] todo (?:bien|perfecto|solucionado) (?:ya|ahora)\b|\b(?:de verdad |realmente )(?:le |te )?agradezco (?:su|tu|la|el) "
    r"(?:ayuda|comprensi[oó]n|paciencia|amabilidad)|\b(?:5|cinco) (?:de|sobre) (?:5|cinco)\b|\b(?:10|diez) (?:de|sobre) (?:10|diez)\b|\bcinco estrellas (?:para|de mi parte)\b",
    re.IGNORECASE,
)
"""Relief, heartfelt thanks, top marks: what somebody beside themselves does not write before anything is settled."""

GOODBYE = re.compile(
    r"(?:^|[.!?…,]\s*)(?:well,? |ok(?:ay)?,? |right,? |so |thanks,? )?(?:good-?bye|bye)(?:-bye| now| then| for now)?\s*(?:[.!,]|$)(?! (?:it|he|she|they|you) )"
    r"|(?:^|[.!?…,]\s*)(?:and |you )?have a (?:nice|good|great|lovely|wonderful) (?:day|evening|night|weekend|one|rest)\b"
    r"|(?:^|[.!?…]\s*)(?:you )?take care(?: now)?\s*(?:[.!]|$)|(?:^|[.!?…]\s*)i(?:'m| am) (?:logging off|leaving this chat|leaving the chat|closing this chat)"
    r"|\b(?:that(?:'s| is| will be|'ll be) (?:all|everything)(?:,? (?:thank|for (?:now|today))))"
    r"|\bwe can (?:close|consider|call) (?:this|it|the) (?:chat|case|ticket|matter|closed|settled|solved|resolved)\b|(?:^|[.!?…]\s*)problem solved\b"
    r"|(?:^|[.!?…,]\s*)¡?(?:pues |bueno,? |gracias,? |nada,? )?(?:adi[oó]s|hasta luego|hasta pronto|hasta ma[nñ]ana|chao|chau|nos vemos)\s*(?:[.!,]|$)"
    r"|(?:^|[.!?…,]\s*)¡?(?:y )?que (?:tenga|tengas|pase|pases|le vaya|te vaya) (?:un |una )?(?:muy )?(?:buen|buena|bonit[oa]|lind[oa]|feliz|excelente)\b"
    r"|(?:^|[.!?…]\s*)(?:eso (?:es|era|ser[ií]a) todo)(?:,? (?:gracias|por (?:ahora|hoy)))|\b(?:podemos|puede|puedes) cerrar (?:el|este|la) (?:chat|caso|conversaci[oó]n|reclamo|ticket)\b"
    r"|(?:^|[.!?…]\s*)(?:doy|damos) (?:esto|el (?:tema|asunto|caso)) por (?:cerrad|resuelt|solucionad|terminad)o",
    re.IGNORECASE,
)
"""A farewell, or calling it solved. "You can say goodbye to my custom" is neither."""

STAYS = re.compile(
    r"\bi(?:'ll| will) (?:wait|hold on|hang on|stay|be waiting|give you (?:one|a|another) )|\b(?:please )?let me know\b|\bi(?:'m| am) (?:still )?listening\b"
    r"|\bplease (?:just )?(?:help|fix|tell me|send me|do something)\b|\bso (?:when|what|how) (?:will|are|is|do|can) (?:you|it|i|we)\b"
    r"|\b(?:me quedo (?:aqu[ií]|esperando)|sigo (?:aqu[ií]|esperando)|espero (?:su|tu) respuesta|quedo a la espera|aqu[ií] (?:le|te|lo) espero)\b"
    r"|\b(?:le|te) doy (?:otra|una [uú]ltima) oportunidad\b|\b(?:av[ií]seme|av[ií]same|d[ií]game qu[eé]|dime qu[eé])\b|\bpor favor,? (?:ay[uú]d|haga|haz|arregl)\w*",
    re.IGNORECASE,
)
"""Staying on, in what should be the last words of somebody who walks away."""

REFERENCE = re.compile(
    r"(?<![\w$€£.,])(?:[A-Z]{1,4}[-#]?)?\d(?:[-\s]?\d){4,}(?![\w%]|[.,]\d|\s?(?:pesos|euros?|€|dollars|lucas|soles))|[\w.+-]+@[\w-]+\.\w+"
)
"""A number for order, account, phone or card (five digits or more that are no amount of money), or a mail address."""
