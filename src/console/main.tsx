/**
 * Starts the page.
 */
import { render } from "preact"
import { App } from "./App.tsx"
import "./styles/console.css"

render(<App />, document.getElementById("app")!)
