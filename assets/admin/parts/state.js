/* The state of a message or a delivery. */
import { html } from "../core/dom.js";
import { t } from "../core/strings.js";
import { Tag } from "./base.js";

const TONES = {
	accepted: "good", mapped: "good", failed: "bad", waiting: "warn", ready: "info", sending: "info",
	pending: "info", skipped: "plain", ignored: "plain", discarded: "plain"
};

export const State = ({ name }) => html`<${Tag} tone=${TONES[name] || "plain"}>${t(`state.${name}`)}<//>`;
