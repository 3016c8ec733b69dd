<?php
require_once DIR_SYSTEM . 'library/pannier/pannier.php';

/** The events of the storefront, and what is asked for from outside: flush, cron, pull, a cart. */
class ControllerExtensionModulePannier extends Controller
{
	private function shop(): \Pannier\Shop
	{
		return new \Pannier\Shop($this->registry);
	}

	private function json(int $status, array $value): void
	{
		if ($status !== 200) {
			$this->response->addHeader($this->request->server['SERVER_PROTOCOL'] . ' ' . $status . ' ' . ($status === 401 ? 'Unauthorized' : 'Bad Request'));
		}
		$this->response->addHeader('Content-Type: application/json');
		$this->response->setOutput(json_encode($value, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE));
	}

	public function flush(): void
	{
		$sent = 0;

		if (hash_equals($this->shop()->own('flush_key', ' '), (string)($this->request->get['key'] ?? ''))) {
			\Pannier\guarded($this->shop(), function () use (&$sent) {
				$sent = (new \Pannier\Flush($this->shop()))->run();
			});
		}
		$this->json(200, ['sent' => $sent]);
	}

	public function cron(): void
	{
		\Pannier\guarded($this->shop(), function () {
			(new \Pannier\Flush($this->shop()))->kick();
		});
	}

	public function pull(): void
	{
		list($status, $value) = (new \Pannier\Pull($this->shop()))->answer((string)file_get_contents('php://input'), $this->request->server);
		$this->json($status, $value);
	}

	public function cart(): void
	{
		\Pannier\guarded($this->shop(), function () {
			(new \Pannier\Cart($this->shop()))->restore((string)($this->request->get['cart_id'] ?? ''));
		});
		$this->response->redirect($this->url->link('checkout/cart', '', true));
	}

	/* ---- events ---- */

	public function before(string &$route = '', array &$args = []): void
	{
		\Pannier\guarded($this->shop(), function () use ($route, $args) {
			(new \Pannier\Handlers($this->shop()))->before($route, $args);
		});
	}

	public function after(string &$route = '', array &$args = [], &$output = null): void
	{
		\Pannier\guarded($this->shop(), function () use ($route, $args, $output) {
			(new \Pannier\Handlers($this->shop()))->after($route, $args, $output);
			\Pannier\Flush::kickLater($this->shop());
		});
	}

	public function footer(string &$route = '', array &$data = [], &$output = null): void
	{
		$html = \Pannier\guarded($this->shop(), function () use ($output) {
			\Pannier\Flush::kickLater($this->shop());
			return (new \Pannier\Page($this->shop()))->footer((string)$output);
		});
		if ($html !== null) {
			$output = $html;
		}
	}
}
