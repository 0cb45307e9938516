export * as Address from "./Address.ts"
export * as Carriers from "./Carriers.ts"
export * as Content from "./Content.ts"
export * as DeliveryStatus from "./DeliveryStatus.ts"
export * as DeliveryStore from "./DeliveryStore.ts"
export * as DeliveryTracker from "./DeliveryTracker.ts"
export {
  MediaApi,
  MediaConfig,
  MediaServer,
  MessageProblems,
  MessagesApi,
  MessagesClient,
  MessagesServer,
  MmsConfig,
  Problems,
  SendingConfig,
  ServerConfig,
  WebhookApi,
  WebhookServer
} from "./http/index.ts"
export {
  FileMediaStore,
  GuardedClient,
  IncrementalHash,
  MediaError,
  MediaFetcher,
  MediaRehosting,
  MediaStore,
  OutboundMedia
} from "./media/index.ts"
export * as Message from "./Message.ts"
export * as MmsAggregator from "./MmsAggregator.ts"
export * as MmsWindow from "./MmsWindow.ts"
export * as Payload from "./Payload.ts"
export * as Phone from "./Phone.ts"
export * as PhoneNumber from "./PhoneNumber.ts"
export { Channel, Hook, KitEvent, Room, RoomEvent, RoomKit, SmsChannel } from "./rooms/index.ts"
export * as Segments from "./Segments.ts"
export * as SendPolicy from "./SendPolicy.ts"
export * as Sinch from "./sinch/index.ts"
export * as SmsError from "./SmsError.ts"
export * as SmsProvider from "./SmsProvider.ts"
export * as SmsProviders from "./SmsProviders.ts"
export * as SmsRouter from "./SmsRouter.ts"
export * as Telnyx from "./telnyx/index.ts"
export * as Twilio from "./twilio/index.ts"
export * as VoiceMeUp from "./voicemeup/index.ts"
export * as WebhookError from "./WebhookError.ts"
export * as WebhookEvent from "./WebhookEvent.ts"
export * as WebhookMeta from "./WebhookMeta.ts"
export * as WebhookRequest from "./WebhookRequest.ts"
