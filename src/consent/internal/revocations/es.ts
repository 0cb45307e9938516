import type { Definition } from "./rules.ts"

export const es: Definition = {
  words: {
    texts: "mensajes?|mensajitos?|textos?|sms|publicidad|anuncios?|spam|mensajes de texto|propaganda",
    messages: "{texts}|promociones|ofertas|avisos|notificaciones",
    these: "estos|esos|los|sus|tus|tantos|mas|mas de estos|mas de sus|ningun|estas|esas",
    list: "de (su|la|esta|sus|las|esa|todas sus) " +
      "(listas?( de (contactos?|envios?|correo|distribucion))?|base( de datos)?|contactos?|sistema|registros?)",
    stop: "deje|dejen|deja|dejad|dejar|pare|paren|para|parar|cese|cesen|basta",
    write: "enviar|mandar|escribir|textear|contactar|mensajear",
    send: "envie|envien|envies|mande|manden|mandes",
    say: "{send}|escriba|escriban|escribas|contacte|contacten|contactes|textee|texteen",
    again: "mas|nunca mas|jamas|otra vez|de nuevo",
    remove: "borre|borren|borra|elimine|eliminen|elimina|retire|retiren|remueva|remuevan|borrar|eliminar",
    take: "{remove}|quite|quiten|quita|saque|saquen|saca|quitar|sacar",
    number: "numero|telefono|celular|numero de telefono",
    from: "de ustedes|suyos|de su parte|de este numero"
  },
  before:
    "por favor|porfavor|porfa|favor de|favor|hola|buenos dias|buenas tardes|buenas|ok|no,|no gracias|gracias|y|ya|" +
    "les pido que|le pido que|les pido|puede|pueden|podria|podrian|quiero que|necesito que|solicito que|no me interesa|" +
    "no estoy interesad[oa]|numero equivocado|les dije que|se lo pido",
  after: "por favor|porfavor|porfa|gracias|muchas gracias|ya|ahora|ahora mismo|inmediatamente|de inmediato|nunca mas|" +
    "nunca|jamas|mas|para siempre|no me interesa|no estoy interesad[oa]",
  clear: [
    "{stop} de ({write}(me|nos)|(enviar|mandar)(me|nos)?( {these})* {messages})( {these})*( {messages})?",
    "(pare|paren|parar|detenga|detengan|basta de) (con )?({these} )?{texts}",
    "(ya )?no (me|nos) {say} ({again})( {these})*( {messages})?",
    "(ya )?no (me|nos) {send} ({these} )?{texts}( {again})?",
    "ya no (me|nos) {say}( nada)?",
    "(ya )?no (quiero|deseo|quisiera) (seguir )?(recibir|recibiendo|que me {send}|que me lleguen|que me sigan mandando|" +
    "que me sigan enviando)( {these})* {messages}( {from})?",
    "(ya )?no (quiero|deseo) ({these} )+{texts}( {from})?",
    "(ya )?no (quiero|deseo) que me (escriban|contacten|texteen|escriba|contacte)",
    "no mas {texts}",
    "({take})(me|nos) {list}|({remove})(me|nos)",
    "({take}|olvida|olviden|pierda|pierdan) (mi|este) ({number})( {list})?",
    "(den|de|da|dar)(me|nos)? de baja( (mi numero|este numero))?( {list})?",
    "dame de baja( {list})?",
    "(me )?(quiero|deseo|quisiera|solicito|pido|necesito) " +
    "(dar(me)? de baja|la baja|desuscribirme|que me den de baja|que me (quiten|borren|eliminen))( {list})?",
    "(desuscribame|desuscribanme|desuscribirme|desuscribeme|desinscribanme)( {list})?",
    "(yo )?(revoco|retiro) mi consentimiento"
  ],
  alone: {
    before: "por favor|porfavor|ok|no,|hola|ya",
    asked: "stop|alto|baja|basta|desuscribir|parar|paren|stop mensajes|no me {say}",
    after: "por favor|porfavor|gracias|ya|ahora|stop|todo|porfa"
  },
  likely: [
    "(es )?(un )?numero (equivocado|incorrecto)",
    "(tienen|tiene|se equivoco de|se equivocaron de) (el )?numero( equivocado)?",
    "(dejen|deje|deja|dejad)me en paz|(dejen|deje) de molestar(me)?|no me molesten( mas)?",
    "no me interesa|no estoy interesad[oa]",
    "como (me doy de baja|puedo darme de baja|cancelo( la suscripcion| esto)?|me quito de esta lista)",
    "(quiero )?cancel(e|en|a|ar) (mi|la) suscripcion|cancelar suscripcion",
    "yo no (pedi|solicite) (esto|nada)"
  ],
  retracted: "si|hasta|salvo|excepto|a menos|cuando|broma|bromeando|ja(ja)+\\w*|lol|es chiste|" +
    // What somebody else said.
    "^((el|ella|ellos|ellas|mi \\w+) )?(me )?(dijo|dijeron)(?=\\.)"
}
