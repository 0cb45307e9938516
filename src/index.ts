/**
 * The whole library, as namespaces. A bundle has only those that it uses.
 *
 * @since 0.1.0
 */
export * as Address from "./Address.ts"
export * as Carriers from "./Carriers.ts"
export { Consent, ConsentCsv, ConsentIntake, ConsentLedger, FreeText, Keywords, Replies } from "./consent/index.ts"
export * as Content from "./Content.ts"
export * as Cost from "./Cost.ts"
export { DeliveryStore, DeliveryTracker } from "./delivery/index.ts"
export * as DeliveryStatus from "./DeliveryStatus.ts"
export { Event, EventLog } from "./events/index.ts"
export { GuardStore, LoopGuard, QuietHours, SendLimits, SendWarnings } from "./guards/index.ts"
export {
  ConsentApi,
  ConsolePhone,
  ConsoleServer,
  ConsoleSessions,
  ConversationsApi,
  Draining,
  EventsApi,
  ExchangesApi,
  MediaApi,
  MediaServer,
  MessageProblems,
  MessagesApi,
  MessagesClient,
  MessagesServer,
  OperationsApi,
  OperationsClient,
  Problems,
  Readiness,
  ServerConfig,
  StatsApi,
  Tokens,
  UploadsApi,
  WebhookApi,
  WebhookServer
} from "./http/index.ts"
export { Inbox } from "./inbox/index.ts"
export {
  FileMediaStore,
  GuardedClient,
  IncrementalHash,
  MediaError,
  MediaFetcher,
  MediaRehosting,
  MediaStore,
  OutboundMedia,
  type StoredMedia
} from "./media/index.ts"
export * as Message from "./Message.ts"
export { MmsAggregator } from "./mms/index.ts"
export * as Payload from "./Payload.ts"
export * as Phone from "./Phone.ts"
export * as PhoneNumber from "./PhoneNumber.ts"
export {
  Body,
  Carrier,
  Environment,
  Exchanges,
  Query,
  Receiving,
  Secrets,
  type Sending,
  SmsProvider,
  SmsProviders,
  Times,
  Url,
  WebhookGuard,
  Wire
} from "./provider/index.ts"
export { Queue, QueueMemory, QueueProcessor, TryAgain } from "./queue/index.ts"
export {
  Channel,
  Hook,
  KitEvent,
  MissingReports,
  type ProcessResult,
  Room,
  RoomEvent,
  RoomInbox,
  RoomKit,
  RoomOutbox,
  RoomStore,
  SmsChannel
} from "./rooms/index.ts"
export { Segments } from "./segments/index.ts"
export { IntentStore, IntentStoreMemory, Outbox, SendPolicy, SmsRouter, UnknownSends } from "./sending/index.ts"
export * as SendReference from "./SendReference.ts"
export * as Sinch from "./sinch/index.ts"
export * as SmsError from "./SmsError.ts"
export * as StorageError from "./StorageError.ts"
export * as Telnyx from "./telnyx/index.ts"
export * as Twilio from "./twilio/index.ts"
export * as VoiceMeUp from "./voicemeup/index.ts"
export * as WebhookError from "./WebhookError.ts"
export * as WebhookEvent from "./WebhookEvent.ts"
export * as WebhookMeta from "./WebhookMeta.ts"
export * as WebhookRequest from "./WebhookRequest.ts"
