/* Stands in for klaviyo.js: takes over what was queued, as the real one does, and keeps all it is told. */
window.stubCalls = [];
(window._klOnsite || []).forEach(function (call) {
	window.stubCalls.push(call);
});
window.klaviyo = {
	push: function (call) {
		window.stubCalls.push(call);
	}
};
