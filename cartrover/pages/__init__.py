"""What every room's pages, mails and files share: money and times in words, paging, CSV, whole numbers that were typed."""
