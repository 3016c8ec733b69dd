/* A new password: long is what counts. */
import { html } from "../core/dom.js";
import { t } from "../core/strings.js";
import { TextField } from "./form.js";

const BYTES_MIN = 12;

export function passwordProblem(password) {
	return new TextEncoder().encode(password).length < BYTES_MIN ? t("password.short", { n: BYTES_MIN }) : "";
}

export function PasswordField({ label, value, onValue, tried }) {
	return html`<${TextField} label=${label} type="password" autocomplete="new-password" help=${t("password.help", { n: BYTES_MIN })}
		value=${value} onValue=${onValue} error=${tried && passwordProblem(value)} />`;
}
