imports-title = Listings from a file
imports-lead = Bring a spreadsheet, see what was found in it, and publish it. Nothing is published before you say so.
imports-brought = Brought before
imports-none = No file was brought yet.

import-bring = Bring a file
import-organisation-none = As the file says
import-organisation-why = For listings that name no organisation themselves.
import-language-none = As the file says
import-language-why = For listings that don’t say in which language they are written. Columns may name theirs, such as “Title (English)”.
import-file = File
import-file-why = A table as CSV or XLSX with one row a role, JSON Lines or JSON-LD; at most 64 MiB.
import-example = What such a table looks like
import-check = Check the file
import-format-wrong = Files of this kind can’t be read. Please bring a table as CSV or XLSX, JSON Lines or JSON-LD.
import-file-none = The file is empty, or none was chosen. Choose one, then check it.
import-done-cancelled = The import was ended. What was published before stays published.
import-done-forgotten = The import is no longer listed. What it published stays as it is.

import-state-checking = Being checked
import-state-ready = Ready
import-state-running = Being published
import-state-done = Done
import-state-cancelled = Ended
import-state-failed = Failed
import-outcome-published = published
import-outcome-revised = revised
import-outcome-unchanged = there already

import-checking = { $count ->
    [one] The file is being read: 1 listing so far. You can leave this page and come back.
   *[other] The file is being read: { $n } listings so far. You can leave this page and come back.
 }
import-running = { $done } of { $total } listings are dealt with. You can leave this page and come back.
import-is-done = All of the file is dealt with.
import-is-cancelled = Somebody ended this import. What was published before stays published.
import-none-good = No listing can be published as it is. Say what the columns mean, or correct the file and bring it again.
import-all-good = Every listing can be published.
import-some-good = Listings without a fault can be published now; those with faults are left out. Correct them in the file and bring it again: nothing is published twice.
import-not-you = Here, a reviewer who hasn’t brought the file publishes it, once a listing in it has no fault. It stands on the list of files for everybody who works for the organisation.
import-publish = { $count ->
    [one] Publish 1 listing
   *[other] Publish { $n } listings
 }
import-progress = Progress
import-total = Listings in the file
import-good = Without a fault
import-faulty = With faults, left out
import-published = New
import-revised = Revised
import-unchanged = There already, unchanged

import-faults = { $count ->
    [one] One fault
   *[other] { $n } faults
 }
import-faults-why = Rows are counted as your spreadsheet counts them; the header is row 1.
import-faults-file = All faults as a table (CSV)
import-more-faults = { $count ->
    [one] One more stands in the table.
   *[other] { $n } more stand in the table.
 }
import-row = Row
import-column = Column
import-value = What stands there
import-why = What is wrong
import-code = Code
import-fault-field-required = It must be given.
import-fault-field-invalid = It can’t be read, or isn’t one of the values that can stand here.
import-fault-field-unexpected = It can’t stand here.
import-fault-field-duplicate = It stands twice.
import-fault-field-mismatch = It contradicts another column.
import-fault-field-unknown = The table has no such column, or it can’t mean that.
import-fault-permission-denied = You don’t publish for this organisation.
import-fault-record-erased = It was published and withdrawn before. Give it another id to publish it again.
import-fault-canonical-utf8 = It isn’t written in UTF-8. Save the file as “CSV UTF-8” or as XLSX.
import-fault-text-language = It isn’t a language tag, such as zh-CN or en.

import-columns = What the columns mean
import-unknown = { $count ->
    [one] One column wasn’t understood and is left out. Say what it means, or leave it out.
   *[other] { $n } columns weren’t understood and are left out. Say what they mean, or leave them out.
 }
import-header = Header
import-examples = Examples
import-examples-separator = {" · "}
import-means = Means
import-left-out = (left out)
import-not-understood = not understood
import-check-again = Check again with these columns
import-first = The first listings, as readers will see them
import-in-row = Row { $row }
import-row-faulty = has faults
import-no-translation = No text in another language was found.
import-results = What came of it
import-more-listings = { $count ->
    [one] One more isn’t shown here.
   *[other] { $n } more aren’t shown here.
 }
import-all-published = All that is published
import-cancel = End this import
import-forget = Take it off the list
desk-import = From a file
imported-from = Imported from { $publisher }, not signed by them
imported-look = See it there
