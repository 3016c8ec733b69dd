<?php
namespace Opencart\Admin\Controller\Extension\Pannier\Module;

require_once DIR_EXTENSION . 'pannier/system/library/pannier/pannier.php';

/** The settings page and the events of the admin side. */
class Pannier extends \Opencart\System\Engine\Controller
{
	const ROUTE = 'extension/pannier/module/pannier';

	private function shop(): \Pannier\Shop
	{
		return new \Pannier\Shop($this->registry);
	}

	public function install(): void
	{
		(new \Pannier\Install($this->shop()))->install();
	}

	public function uninstall(): void
	{
		(new \Pannier\Install($this->shop()))->uninstall();
	}

	public function index(): void
	{
		$this->load->language(self::ROUTE);
		$this->document->setTitle($this->language->get('heading_title'));
		$token = 'user_token=' . $this->session->data['user_token'];
		$separator = $this->shop()->separator();
		$data = (new \Pannier\Admin($this->shop()))->data();

		foreach (['save', 'test', 'status', 'send', 'stop'] as $action) {
			$data['action_' . $action] = $this->url->link(self::ROUTE . $separator . $action, $token, true);
		}
		$data['back'] = $this->url->link('marketplace/extension', $token . '&type=module');
		$data['header'] = $this->load->controller('common/header');
		$data['column_left'] = $this->load->controller('common/column_left');
		$data['footer'] = $this->load->controller('common/footer');
		$this->response->setOutput($this->load->view(self::ROUTE, $data));
	}

	/* ---- what the page asks for ---- */

	private function reply(callable $work): void
	{
		$this->load->language(self::ROUTE);
		$json = $this->user->hasPermission('modify', self::ROUTE) ? $work(new \Pannier\Admin($this->shop()))
			: ['error' => $this->language->get('error_permission')];
		$this->response->addHeader('Content-Type: application/json');
		$this->response->setOutput(json_encode($json, JSON_INVALID_UTF8_SUBSTITUTE));
	}

	public function save(): void
	{
		$this->reply(function ($admin) {
			$errors = $admin->save($this->request->post);
			return $errors ? ['error' => $errors] : ['success' => $this->language->get('text_success')];
		});
	}

	public function test(): void
	{
		$this->reply(function ($admin) {
			list($ok, $text) = $admin->test((array)($this->request->post['target'][0] ?? []));
			return [$ok ? 'success' : 'error' => $text];
		});
	}

	public function status(): void
	{
		$this->reply(function ($admin) {
			return $admin->status();
		});
	}

	public function send(): void
	{
		$this->reply(function () {
			$history = new \Pannier\History($this->shop(), new \Pannier\Outbox($this->shop()));
			$history->start((int)($this->request->post['target_id'] ?? 0), (array)($this->request->post['kinds'] ?? array_keys(\Pannier\History::KINDS)));
			\Pannier\Flush::kickLater($this->shop());
			return ['success' => true];
		});
	}

	public function stop(): void
	{
		$this->reply(function () {
			(new \Pannier\History($this->shop(), new \Pannier\Outbox($this->shop())))->stop((int)($this->request->post['target_id'] ?? 0));
			return ['success' => true];
		});
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
}
