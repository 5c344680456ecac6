"""From a row of the ledger to a mail on its way: whom it goes to, the words, the attempt and its outcome."""
