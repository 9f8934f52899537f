# The directory in figures.
footer-statistics = Statistics
statistics-title = Statistics
statistics-lead = Open and filled places in the listings of all partners, counted from what is public now, and the figures that each partner has signed month by month.
statistics-all = All listings
statistics-listings = Listings
statistics-open = Open places
statistics-filled = Filled places
statistics-counted = Counted
statistics-rule = Filled places are people. Where there are fewer than ten, the number is left out, and with it a second one, so that it can’t be worked out from the total.
statistics-hidden = not told
statistics-numbers = { $open } open · { $filled } filled
statistics-by-country = By country
statistics-by-sdg = By Sustainable Development Goal
statistics-by-partner = By partner
statistics-by-month = By month of start
statistics-country-caption = Listings and places by country, most open places first
statistics-sdg-caption = Listings and places by goal; a listing with several goals counts for each
statistics-partner-caption = Listings and places by partner, most open places first
statistics-month-caption = Listings and places by the month in which they start
statistics-no-month = No start date
statistics-earlier = Earlier
statistics-later = Later
statistics-more = { $count ->
    [one] One more is in the file.
   *[other] { $n } more are in the file.
 }
statistics-csv = { $table }: download as CSV
statistics-signed = Signed figures by month
statistics-signed-lead = At the end of each month every partner signs its figures and enters them in its log. Here they are added up over the network.
statistics-signed-caption = Sums of the partners’ signed figures, newest month first
statistics-signed-none = No partner has signed figures of a month yet.
statistics-month = Month
statistics-without = { $count ->
    [one] one partner’s are too few to be told, and left out
   *[other] those of { $n } partners are too few to be told, and left out
 }
