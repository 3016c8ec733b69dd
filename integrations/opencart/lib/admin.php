<?php
namespace Pannier;

/** The settings page, without its HTML. */
class Admin
{
	const FLAGS = ['status', 'send_catalog', 'send_orders', 'send_people', 'send_carts', 'script'];
	/** Shown beside a status: what src/platform/opencart/opencart_state.c takes OpenCart's own for (tests/opencart/unit.php compares). */
	const AUTOMATIC = [1 => 'placed', 2 => 'placed', 3 => 'fulfilled', 5 => 'fulfilled', 7 => 'cancelled', 8 => 'cancelled', 9 => 'placed',
		10 => 'cancelled', 11 => 'refunded', 12 => 'refunded', 13 => 'refunded', 14 => 'cancelled', 15 => 'placed', 16 => 'cancelled'];
	const STATES = ['', 'nothing', 'placed', 'paid', 'fulfilled', 'cancelled', 'refunded'];

	private $shop;

	public function __construct(Shop $shop)
	{
		$this->shop = $shop;
	}

	/** What the page shows. */
	public function data(): array
	{
		$languageId = (int)$this->shop->config('config_language_id');

		return [
			'targets' => $this->targets(),
			'stores' => array_merge([['store_id' => 0, 'name' => (string)$this->shop->config('config_name')]], $this->shop->rows("SELECT store_id, name FROM {store} ORDER BY store_id")),
			'languages' => array_values($this->shop->languages()),
			'currencies' => array_column($this->shop->rows("SELECT code FROM {currency} WHERE status = 1 ORDER BY code"), 'code'),
			'statuses' => $this->statuses($languageId),
			'states' => json_decode($this->shop->own('states', '{}'), true) ?: [],
			'state_choices' => self::STATES,
			'pages_per_second' => $this->shop->own('pages_per_second', '4'),
			'flush_url' => $this->address('flush') . '&key=' . $this->shop->own('flush_key'),
			'pull_url' => $this->address('pull'),
		];
	}

	private function address(string $method): string
	{
		return (defined('HTTP_CATALOG') ? HTTP_CATALOG : HTTP_SERVER) . 'index.php?route=' . $this->shop->route($method);
	}

	/** With what Pannier takes each for if nobody says otherwise. */
	private function statuses(int $languageId): array
	{
		$complete = array_map('intval', (array)$this->shop->config('config_complete_status'));

		return array_map(function ($row) use ($complete) {
			$id = (int)$row['order_status_id'];
			$row['automatic'] = self::AUTOMATIC[$id] ?? (in_array($id, $complete, true) ? 'fulfilled' : 'placed');

			return $row;
		}, $this->shop->rows("SELECT order_status_id, name FROM {order_status} WHERE language_id = ? ORDER BY order_status_id", [$languageId]));
	}

	/** Secrets stay where they are: the page only knows that there is one. */
	private function targets(): array
	{
		$targets = $this->shop->rows("SELECT * FROM {pannier_target} ORDER BY target_id");

		foreach ($targets as &$target) {
			$target['secret'] = '';
		}

		return $targets ?: [['target_id' => 0, 'url' => '', 'secret' => '', 'status' => 1, 'store_id' => 0, 'language' => '', 'currency' => '',
			'send_catalog' => 1, 'send_orders' => 1, 'send_people' => 1, 'send_carts' => 1, 'script' => 0, 'last_error' => '']];
	}

	/** What the page asks every few seconds. */
	public function status(): array
	{
		$outbox = (new Outbox($this->shop))->state();
		$targets = [];

		foreach ($this->shop->rows("SELECT target_id, failures, next_at, last_ok_at, last_error, clock_offset FROM {pannier_target}") as $row) {
			$targets[$row['target_id']] = $row + ($outbox[(int)$row['target_id']] ?? ['waiting' => 0, 'oldest_s' => 0]);
		}
		(new Flush($this->shop))->kick();

		return ['targets' => $targets, 'jobs' => (new History($this->shop, new Outbox($this->shop)))->state(),
			'log' => $this->shop->rows("SELECT at, target_id, message FROM {pannier_log} ORDER BY log_id DESC LIMIT 20"), 'now' => time()];
	}

	/** Error text by field, nothing if it is saved. */
	public function save(array $post): array
	{
		$errors = [];
		$kept = [];

		foreach ((array)($post['target'] ?? []) as $i => $one) {
			$target = $this->readTarget((array)$one);
			if ($target['url'] === '' && $target['target_id'] === 0) {
				continue;
			}
			$error = $this->problem($target);
			if ($error !== '') {
				$errors['target_' . $i] = $error;
			}
			$kept[] = $target;
		}
		if ($errors) {
			return $errors;
		}
		$this->storeTargets($kept);
		$this->storeOwn($post);
		(new Outbox($this->shop))->record('shop', Outbox::SHOP);

		return [];
	}

	private function readTarget(array $one): array
	{
		$target = ['target_id' => (int)($one['target_id'] ?? 0), 'url' => Shop::text(trim((string)($one['url'] ?? ''))),
			'secret' => Shop::text(trim((string)($one['secret'] ?? ''))), 'store_id' => (int)($one['store_id'] ?? 0),
			'language' => (string)($one['language'] ?? ''), 'currency' => (string)($one['currency'] ?? '')];

		foreach (self::FLAGS as $flag) {
			$target[$flag] = empty($one[$flag]) ? 0 : 1;
		}
		if ($target['secret'] === '' && $target['target_id']) {
			$target['secret'] = (string)$this->shop->value("SELECT secret FROM {pannier_target} WHERE target_id = ?", [$target['target_id']]);
		}

		return $target;
	}

	private function problem(array $target): string
	{
		if (!preg_match('#^https?://[^/\s]+/hooks/[a-z]+/[^/\s]+$#', $target['url'])) {
			return 'address';
		}
		if (strlen($target['secret']) < 16) {
			return 'secret';
		}
		if (strpos($target['secret'], 'whsec_') === 0 && base64_decode(substr($target['secret'], 6), true) === false) {
			return 'secret';
		}

		return '';
	}

	private function storeTargets(array $targets)
	{
		$ids = array_filter(array_column($targets, 'target_id'));

		foreach (['target', 'outbox', 'job'] as $table) {
			$this->shop->run("DELETE FROM {pannier_$table} WHERE target_id NOT IN (?)" . ($table === 'outbox' ? " AND done = 0" : ''), [$ids ?: [0]]);
		}
		foreach ($targets as $target) {
			$id = $target['target_id'];
			unset($target['target_id']);
			$set = implode(', ', array_map(function ($column) {
				return $column . ' = ?';
			}, array_keys($target))) . ', failures = 0, next_at = 0';
			if ($id) {
				$this->shop->run("UPDATE {pannier_target} SET $set WHERE target_id = ?", array_merge(array_values($target), [$id]));
			} else {
				$this->shop->run("INSERT INTO {pannier_target} SET $set", array_values($target));
			}
		}
	}

	private function storeOwn(array $post)
	{
		$states = [];

		foreach ((array)($post['state'] ?? []) as $statusId => $state) {
			if ($state !== '' && in_array($state, self::STATES, true)) {
				$states[(int)$statusId] = $state;
			}
		}
		$this->shop->setOwn('states', json_encode((object)$states));
		if (isset($post['pages_per_second']) && (float)$post['pages_per_second'] > 0) {
			$this->shop->setOwn('pages_per_second', (string)min(100.0, (float)$post['pages_per_second']));
		}
	}

	/** [went well, text for people] */
	public function test(array $post): array
	{
		$target = $this->readTarget($post);

		if (($problem = $this->problem($target)) !== '') {
			return [false, $problem];
		}
		$message = ['id' => $this->shop->own('shop_id') . '-ping-' . bin2hex(random_bytes(6)), 'type' => 'source.ping', 'timestamp' => Shop::timeText(time()),
			'data' => ['extension' => VERSION_TEXT, 'opencart' => VERSION, 'php' => PHP_VERSION]];
		list($status, $text) = (new Sender($target))->send([$message], 8);

		return $status >= 200 && $status < 300 ? [true, 'Address and secret are right: Pannier took a test message (' . $status . ').']
			: [false, 'Pannier: ' . ($status ?: 'no answer') . ' ' . $text];
	}
}
