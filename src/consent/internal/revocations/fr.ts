import type { Definition } from "./rules.ts"

export const fr: Definition = {
  words: {
    stop: "arretez|arrete|arreter|d'arreter|cessez|cesse|cesser|de cesser|stoppez",
    me: "m'|me |nous ",
    texts: "messages?|textos?|sms|pubs?|publicites?|spams?|textes?",
    messages: "{texts}|promos?|promotions?|offres?|alertes?|notifications?",
    these: "vos|ces|les|des|tous vos|tous ces|tous les|de|d'autres|aucun|aucune|autant de|vos autres",
    list: "(de|d') ?(votre|vos|la|cette|ces|toutes vos|toutes les) " +
      "(listes?( d'envoi| de diffusion| de contacts?)?|envois?|base( de donnees)?|contacts?|fichiers?|systeme|{texts})",
    write: "ecrire|texter|contacter|spammer|harceler|messager|solliciter",
    send: "envoyez|envoie|envoyer|ecrivez|ecris|ecrire|contactez|contacte|contacter|textez|texter|texte|sollicitez",
    want: "veux|souhaite|desire|voudrais",
    remove: "desabonnez|desinscrivez|retirez|enlevez|supprimez|otez|effacez|desabonne|enleve|retire|retirer|enlever",
    leave: "me desabonner|me desinscrire|etre (desabonne|retire|enleve)e?|arreter de recevoir|ne plus recevoir"
  },
  before:
    "svp|s'il vous plait|s'il te plait|stp|merci|bonjour|bonsoir|salut|allo|ok|non|non merci|et|veuillez|merci de|" +
    "priere de|je vous prie de|je vous demande de|je vous ai dit de|pouvez vous|pourriez vous|vous pouvez|" +
    "pas interessee?|mauvais numero|desolee?",
  after:
    "svp|s'il vous plait|s'il te plait|stp|merci|merci beaucoup|maintenant|immediatement|tout de suite|desormais|" +
    "definitivement|jamais|du tout|pour toujours|plus jamais|ca suffit|je ne suis pas interessee?|pas interessee?",
  clear: [
    "{stop} (de |d')?({me})?(envoyer|transmettre)( {these})? {messages}",
    "{stop} (de |d')?({me})(envoyer|transmettre)( {these})?( {messages})?",
    "{stop} (de |d')?({me}){write}",
    "({stop}|stop|stop a|stop aux) ?((vos|ces|les|tous ces|tous vos|tous les|l'envoi de|l'envoi des|les envois de) )?{texts}",
    "(ne )?({me}){send} plus( jamais)?( (de|aucun|aucune|ces|vos|d'autres|rien))?( {messages})?",
    "ne plus ({me})(envoyer|ecrire|contacter|texter|solliciter)( (de|aucun|aucune|ces|vos|d'autres))?( {messages})?",
    "je (ne )?{want} plus recevoir( {these})?( {messages})?( (de vous|de votre part))?",
    "je (ne )?{want} pas recevoir (vos|ces|de) {messages}( (de vous|de votre part))?",
    "je (ne )?{want} (pas|plus) avoir (vos|ces|de|d'autres) {texts}( (de vous|de votre part))?",
    "je ne {want} plus (de|de ces|de vos|ces|vos|aucun|d'autres) {texts}( (de vous|de votre part))?",
    "je ne {want} plus etre (contactee?|sollicitee?|sur votre liste|dans votre liste|dans vos listes)",
    "(je ({want}|demande a|aimerais)|j'aimerais) {leave}( {list})?( {these})?( {messages})?",
    "je (me desabonne|me desinscris)( {list})?",
    "{remove} (moi|nous|mon numero|ce numero)( {list})?",
    "{remove} mon nom {list}",
    "(me|nous) (desabonner|desinscrire|retirer|enlever|supprimer)( {list})?",
    "(oubliez|perdez|oublie|perds) (mon|ce) numero",
    "je (retire|revoque) mon consentement",
    "plus aucune? {texts}"
  ],
  alone: {
    before: "svp|ok|non(?! stop$)|bonjour|s'il vous plait|merci de|veuillez",
    asked: "stop|arret|arretez|arretez ca|arreter|desabonnement|desinscription|desabonner|me desabonner|desinscrire",
    after: "svp|s'il vous plait|stp|merci|maintenant|immediatement|stop|tout|tout de suite"
  },
  likely: [
    "mauvais numero|(c'est|vous avez)( le)?( un)? mauvais numero",
    "(laissez|laisse) (moi|nous) tranquille|(foutez|fichez) moi la paix",
    "comment (je peux |puis je |faire pour )?(me desabonner|me desinscrire|se desabonner|arreter (ces|les|vos) messages)",
    "(je ne suis )?pas interessee?",
    "je n'ai (rien|jamais) demande|je ne me suis (jamais|pas) (inscrite?|abonnee?)",
    "plus de {texts}",
    "ca suffit"
  ],
  retracted: "si|sauf|a moins|jusqu'a|jusqu'au|quand|blague|rigole|plaisante|mdr|lol|ptdr|" +
    // What somebody else said.
    "^(il|elle|ils|elles|on|(mon|ma|mes) \\w+) (m'a|m'ont|a|ont) dit(?=\\.)"
}
