import type { Definition } from "./rules.ts"

export const en: Definition = {
  words: {
    stop: "stop|quit|cease",
    not: "do not|don't|dont|never",
    noLonger: "do not|don't|dont|no longer",
    again: "again|anymore|any more|ever|ever again",
    me: "me|us|this number|this phone|my phone|my number|my cell|my cell phone",
    these: "the|these|those|your|any|all|all the|all these|all your|any of these|this",
    more: "any more|anymore|more|further|any further|any other",
    // Words that mean a message and nothing else.
    texts: "messages?|texts?|text messages?|msgs?|sms|txts?|ads|spam|marketing",
    messages: "{texts}|promotions?|promos?|notifications?|alerts?|offers?|reminders?|updates?|stuff|crap",
    kind: "text|marketing|promotional|spam",
    texting: "texting|messaging|msging|txting|contacting|spamming|smsing",
    text: "text|message|msg|txt|contact|sms|spam",
    list:
      "(the|your|this|these|all|all your|any|that) ((mailing|text|texting|sms|marketing|contact|call|distribution|phone) )?" +
      "(lists?|database|system|records|contacts|messages|texts|notifications)",
    leave: "unsubscribe|opt out|optout|be removed|be taken off|be unsubscribed|unsub|stop receiving|stop getting",
    from: "from|of|off",
    which: "{list}|{these} {texts}|everything|{texts}"
  },
  before: "please|pls|plz|hi|hello|hey|hi there|ok|okay|just|kindly|again|seriously|sorry|thanks|thank you|no thanks|" +
    "no thank you|no,|and|so|can you|could you|would you|will you|can u|u need to|you need to|you must|you can|" +
    "i want you to|i need you to|i would like you to|i'd like you to|i'm asking you to|i am asking you to|" +
    "i told you to|i asked you to|i said|for the last time|not interested|i'm not interested|i am not interested|" +
    "guys|sir|wrong number|this is the wrong number|you have the wrong number",
  after: "please|pls|plz|now|immediately|already|right now|right away|at once|asap|thanks|thank you|thx|ty|again|" +
    "anymore|any more|ever|ever again|at all|forever|for good|altogether|completely|or i will sue|" +
    "or i will report you|or i'll report you|i'm not interested|i am not interested|not interested|this is spam|" +
    "wrong number",
  clear: [
    "{stop} {texting}( {me})?",
    "{stop} (sending|with)( {me})?( {these})?( {kind})? {messages}( to {me})?",
    "(stop|cease) {these}( {kind})? {messages}( to {me})?",
    "stop sending (me |us )?(these|this|those)( to {me})?",
    "{not} (ever )?{text} {me}( (here|on this number|at this number|on this phone))? {again}",
    "{not} (ever )?send ({me} )?(({more}|any|{these}) )?{messages}( to {me})? {again}",
    "{not} send {me} ({more}|any) {messages}",
    "no more (of )?({these} )?{texts}( to {me})?",
    "i {noLonger} (want|wish|would like)( to)?( (receive|get|be getting|be receiving|have))?" +
    "( ({more}|{these}|any|any more of these))* {texts}( from (you|you guys|this number|your company))?",
    "i {noLonger} want (you to (text|contact|message)( me)?|to be (texted|contacted|messaged|spammed))",
    "(take|get|remove|delete|drop) {me} (off|from|off of|out of) {list}",
    "(take|get|remove|delete|drop) {me} (off|from|off of) (this|here|everything)",
    "take me off|(remove|unsubscribe|unsub) me|opt me out|(remove|delete|lose|forget|erase) my number|lose this number",
    "unsubscribe me from ({list}|{these} {messages}|everything|all)",
    "unsubscribe (this number|my number|my phone|from all|all|from everything)",
    "opt (me )?out (of )?({list}|{these} {messages}|everything|all)",
    "i (want|would like|wish|need|am asking|request|choose) to {leave}( {from})?( ({which}))?",
    "i'd like to {leave}( {from})?( ({which}))?",
    "i (hereby )?(revoke|withdraw|am revoking|am withdrawing) (my )?(consent|permission)" +
    "( to (be texted|be contacted|receive texts|receive messages|receive text messages|texts|messages))?",
    "i (opt out|am opting out|unsubscribe)"
  ],
  alone: {
    before: "please|pls|plz|ok|okay|just|hi|hello|hey|can you|could you|no,|i said|seriously",
    asked: "stop|stop all|stop it all|unsubscribe|opt out|unsub|{not} {text} me",
    after: "please|pls|plz|now|immediately|already|thanks|thank you|everything|stop|all|ok|okay|right now|asap|forever"
  },
  likely: [
    "wrong number",
    "(this is|you have|you've got|u have|i think you have) the wrong (number|person)",
    "leave me alone|go away|fuck off|piss off",
    "how (do|can) i (unsubscribe|opt out|stop this|stop these|stop {these} {messages}|get off this list)",
    "cancel (my )?subscription",
    "who is this stop( texting me)?",
    "when will you stop texting me|why do you keep texting me",
    "stop (bothering me|harassing me|calling me|calling and texting me)",
    "i (did not|didn't) (sign up|ask|subscribe)( for (this|these|that))?",
    "(i'm |i am )?not interested"
  ],
  retracted:
    "if|unless|until|except|just kidding|kidding|joking|jk|lol|ha(ha)+|when i|but i (still )?want|but keep|but don't stop|" +
    // What somebody else said.
    "^(he|she|they|my \\w+) (said|says|told me)(?=\\.)"
}
