/*
 * Fields: each has a label, help below it, and says its own error.
 */
import { html, useId } from "../core/dom.js";

export function Field({ label, help, error, children, after }) {
	const id = useId();
	const describedBy = [help && `${id}-help`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;

	return html`<div class=${error ? "field wrong" : "field"}>
		<label for=${id}>${label}</label>
		${children({ id, "aria-describedby": describedBy, "aria-invalid": error ? "true" : undefined })}
		${after}
		${help && html`<p class="help" id=${`${id}-help`} dir="auto">${help}</p>`}
		${error && html`<p class="error" id=${`${id}-error`} role="alert" dir="auto">${error}</p>`}
	</div>`;
}

export function TextField({ label, help, error, value, onValue, after, ...rest }) {
	return html`<${Field} label=${label} help=${help} error=${error} after=${after}>${(props) =>
		html`<input type="text" dir="auto" autocomplete="off" spellcheck=${false} ...${props} ...${rest} value=${value}
			onInput=${(event) => onValue(event.target.value)} />`}<//>`;
}

/* choices: [[value, label]...] or [value...] */
export function Choice({ label, help, error, value, onValue, choices, after, ...rest }) {
	return html`<${Field} label=${label} help=${help} error=${error} after=${after}>${(props) =>
		html`<select ...${props} ...${rest} value=${value} onChange=${(event) => onValue(event.target.value)}>
			${choices.map((choice) => {
		const [of, text] = Array.isArray(choice) ? choice : [choice, choice];

		return html`<option key=${of} value=${of} selected=${of === value}>${text}</option>`;
	})}
		</select>`}<//>`;
}

export function Switch({ label, help, on, onValue, after, ...rest }) {
	const id = useId();

	return html`<div class="field switch-field">
		<div class="switch-row">
			<button type="button" role="switch" id=${id} class="switch" aria-checked=${on ? "true" : "false"}
				aria-labelledby=${`${id}-label`} aria-describedby=${help ? `${id}-help` : undefined} ...${rest}
				onClick=${() => onValue(!on)}><span></span></button>
			<label id=${`${id}-label`} for=${id}>${label}</label>
		</div>
		${after}
		${help && html`<p class="help" id=${`${id}-help`} dir="auto">${help}</p>`}
	</div>`;
}

export function Check({ label, on, onValue, ...rest }) {
	return html`<label class="check"><input type="checkbox" ...${rest} checked=${on} onChange=${(event) => onValue(event.target.checked)} />
		<span dir="auto">${label}</span></label>`;
}

export function Form({ onSubmit, children, ...rest }) {
	return html`<form novalidate ...${rest} onSubmit=${(event) => {
		event.preventDefault();
		onSubmit();
	}}>${children}</form>`;
}
