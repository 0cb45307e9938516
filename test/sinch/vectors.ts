/**
 * Published signatures, and two of our own where nothing is published.
 *
 * `X-Sinch-Signature` is published in hex only; the Base64 column is the same
 * digest.
 */

export const sha256Vectors = [
  {
    name: "an SMS delivery report (sinch-sdk-node, packages/sms/tests/rest/v1/callbacks)",
    secret: "SMSWebhooksSecret",
    nonce: "01JHFFHWYY7HSS4FWTMDTQEK8V",
    timestamp: "1736760161",
    body:
      "{\"at\":\"2025-01-13T09:22:40.914Z\",\"batch_id\":\"01JHFFHQ0P99JPPNQPJDV7JTBP\",\"client_reference\":\"a client reference\",\"code\":0,\"operator_status_at\":\"2025-01-13T09:22:00Z\",\"recipient\":\"33662162466\",\"status\":\"Delivered\",\"type\":\"recipient_delivery_report_sms\"}",
    signature: "ZoHei66PPN/kZjw7hFVfGhJOnml3iGNCMWoyQVcE5o0="
  },
  {
    name: "a conversation event (sinch-sdk-node, packages/sdk-client/tests/utils)",
    secret: "foo_secret1234",
    nonce: "01FJA8B4A7BM43YGWSG9GBV067",
    timestamp: "1634579353",
    body:
      "{\"app_id\":\"\",\"accepted_time\":\"2021-10-18T17:49:13.813615Z\",\"project_id\":\"e2df3a34-a71b-4448-9db5-a8d2baad28e4\",\"contact_create_notification\":{\"contact\":{\"id\":\"01FJA8B466Y0R2GNXD78MD9SM1\",\"channel_identities\":[{\"channel\":\"SMS\",\"identity\":\"48123456789\",\"app_id\":\"\"}],\"display_name\":\"New Test Contact\",\"email\":\"new.contact@email.com\",\"external_id\":\"\",\"metadata\":\"\",\"language\":\"EN_US\"}},\"message_metadata\":\"\"}",
    signature: "6bpJoRmFoXVjfJIVglMoJzYXxnoxRujzR4k2GOXewOE="
  },
  {
    name: "a conversation delivery report (sinch-sdk-python, tests/unit/domains/conversation)",
    secret: "foo_secret1234",
    nonce: "01FJA8B4A7BM43YGWSG9GBV067",
    timestamp: "1634579353",
    body:
      "{\"app_id\":\"01EB37HMH1M6SV18BSNS3G135H\",\"accepted_time\":\"2020-11-17T15:09:11.659Z\",\"project_id\":\"c36f3d3d-1513-2edd-ae42-11995557ff61\",\"message_delivery_report\":{\"message_id\":\"01EQBC1A3BEK731GY4YXEN0C2R\",\"conversation_id\":\"01EPYATA64TMNZ1FV02JKF12JF\",\"status\":\"QUEUED_ON_CHANNEL\",\"contact_id\":\"01EXA07N79THJ20WSN6AS30TMW\"}}",
    signature: "Yc+3R1pIS78xLASybulhs8BsSo9BPB3Pr92QCUoczfk="
  },
  {
    name: "a message beyond ASCII (our own, computed with node:crypto)",
    secret: "KayakingTheSwell",
    nonce: "01J0000000000000000000NONCE",
    timestamp: "1717660357",
    body:
      "{\"type\":\"mo_text\",\"id\":\"01W4FFL35P4NC4K35SMSBATCH8\",\"from\":\"12015555555\",\"to\":\"12017777777\",\"body\":\"Hello John! 👋\",\"operator_id\":\"311071\",\"received_at\":\"2024-06-06T07:52:37.386Z\"}",
    signature: "Dp61owKDNCOvIjueO4O+sbBSazEkhTC8f7IuDaDHTrU="
  }
]

const base64 = (hex: string) => Buffer.from(hex, "hex").toString("base64")

export const sha1Vectors = [
  {
    name: "a numbers event (sinch-sdk-node, packages/sdk-client/tests/utils)",
    secret: "my-callback-secret",
    body:
      "{\"eventId\":\"01hpa0mww4m79q8j2dwn3ggbgz\",\"timestamp\":\"2024-02-10T17:22:09.412722588\",\"projectId\":\"37b62a7b-0177-abcd-efgh-e10f848de123\",\"resourceId\":\"+17818510001\",\"resourceType\":\"ACTIVE_NUMBER\",\"eventType\":\"DEPROVISIONING_FROM_VOICE_PLATFORM\",\"status\":\"SUCCEEDED\",\"failureCode\":null}",
    hex: "b93021e0182c2772dbcdf4e8983ae8f409e78c3b",
    base64: "uTAh4BgsJ3LbzfTomDro9AnnjDs="
  },
  {
    name: "a numbers event (sinch-sdk-python, tests/unit/domains/authentication)",
    secret: "my-callback-secret",
    body:
      "{\"eventId\":\"event_id\",\"timestamp\":\"2025-04-08T10:38:04.854087603\",\"projectId\":\"project-id\",\"resourceId\":\"+1234567890\",\"resourceType\":\"ACTIVE_NUMBER\",\"eventType\":\"PROVISIONING_TO_VOICE_PLATFORM\",\"status\":\"SUCCEEDED\",\"failureCode\":null,\"internalFailureCode\":null}",
    hex: "d2107528d5d52897a97dc6e24e09a208036ccd83",
    base64: base64("d2107528d5d52897a97dc6e24e09a208036ccd83")
  },
  {
    name: "a flat message (roomkit, tests/test_providers/test_sinch.py)",
    secret: "secret123",
    body: "{\"id\": \"msg-1\", \"from\": \"+15551234567\", \"body\": \"Hello\"}",
    hex: "62466b2a46d7cddd8a8b3318e258e12566a3a644",
    base64: "YkZrKkbXzd2KizMY4ljhJWajpkQ="
  }
]
