import { defineConfig } from "vitest/config"

export default defineConfig({
  resolve: { conditions: ["effect-sms/source"] },
  ssr: { resolve: { conditions: ["effect-sms/source"], externalConditions: ["effect-sms/source"] } },
  test: { include: ["test/**/*.test.ts"] }
})
