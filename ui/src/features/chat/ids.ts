// Elements that others put the focus on.

/** What is written next goes here. */
export const BOX_ID = 'chat-box';
export const LIST_BUTTON_ID = 'chat-show-list';
