<?php
$_['heading_title'] = 'Pannier';

$_['text_success'] = 'Saved.';
$_['error_permission'] = 'You do not have permission to change Pannier.';
