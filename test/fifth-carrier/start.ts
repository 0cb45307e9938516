/** Serves the carriers of the package, and Acme. */
import * as Carriers from "effect-sms/Carriers"
import { main } from "effect-sms/cli"
import { Carrier } from "effect-sms/provider"
import { carrier } from "./Carrier.ts"

main([...Carriers.all, Carrier.loaded(carrier)])
