/**
 * The area codes of the United States and Canada, with the state or province
 * where each was given out, and the zones that are in use there.
 *
 * Written after the plans of the North American Numbering Plan Administrator
 * (https://nationalnanpa.com) and the Canadian Numbering Administrator
 * (https://cnac.ca). An area code with two zones has people in both. Prince
 * Edward Island has the codes of Nova Scotia, and Yukon and Nunavut those of the
 * Northwest Territories.
 */

/** Where an area code was given out. */
export interface Area {
  /** The country and the state or province, as in `US-FL`. */
  readonly region: string
  readonly zones: ReadonlyArray<string>
}

/** A region, its zones in `America` or with their own area, and its area codes. */
const rows: ReadonlyArray<readonly [region: string, zones: string, codes: string]> = [
  ["US-AL", "Chicago", "205 251 256 334 659 938"],
  ["US-AK", "Anchorage Adak", "907"],
  ["US-AZ", "Phoenix Denver", "928"],
  ["US-AZ", "Phoenix", "480 520 602 623"],
  ["US-AR", "Chicago", "327 479 501 870"],
  [
    "US-CA",
    "Los_Angeles",
    "209 213 279 310 323 341 350 357 369 408 415 424 442 510 530 559 562 619 626 628 650 657 661 669 707 714 738 747 760 805 818 820 831 837 840 858 909 916 925 949 951"
  ],
  ["US-CO", "Denver", "303 719 720 748 970 983"],
  ["US-CT", "New_York", "203 475 860 959"],
  ["US-DC", "New_York", "202 771"],
  ["US-DE", "New_York", "302"],
  ["US-FL", "New_York", "239 305 321 324 352 386 407 448 561 645 656 689 727 728 754 772 786 813 863 904 941 954"],
  ["US-FL", "Chicago New_York", "850"],
  ["US-GA", "New_York", "229 404 470 478 678 706 762 770 912 943"],
  ["US-HI", "Pacific/Honolulu", "808"],
  ["US-ID", "Denver Los_Angeles", "208 986"],
  ["US-IL", "Chicago", "217 224 309 312 331 447 464 618 630 708 730 773 779 815 847 861 872"],
  ["US-IN", "New_York", "260 317 463 765"],
  ["US-IN", "Chicago New_York", "219 574 812 930"],
  ["US-IA", "Chicago", "319 515 563 641 712"],
  ["US-KS", "Chicago", "316 913"],
  ["US-KS", "Chicago Denver", "620 785"],
  ["US-KY", "New_York", "502 859"],
  ["US-KY", "Chicago New_York", "270 364 606"],
  ["US-LA", "Chicago", "225 318 337 457 504 985"],
  ["US-ME", "New_York", "207"],
  ["US-MD", "New_York", "227 240 301 410 443 667"],
  ["US-MA", "New_York", "339 351 413 508 617 774 781 857 978"],
  ["US-MI", "New_York", "231 248 269 313 517 586 616 679 734 810 947 989"],
  ["US-MI", "Chicago New_York", "906"],
  ["US-MN", "Chicago", "218 320 507 612 651 763 924 952"],
  ["US-MS", "Chicago", "228 471 601 662 769"],
  ["US-MO", "Chicago", "235 314 417 557 573 636 660 816 975"],
  ["US-MT", "Denver", "406"],
  ["US-NE", "Chicago", "402 531"],
  ["US-NE", "Chicago Denver", "308"],
  ["US-NV", "Los_Angeles", "702 725"],
  ["US-NV", "Denver Los_Angeles", "775"],
  ["US-NH", "New_York", "603"],
  ["US-NJ", "New_York", "201 551 609 640 732 848 856 862 908 973"],
  ["US-NM", "Denver", "505 575"],
  ["US-NY", "New_York", "212 315 329 332 347 363 516 518 585 607 624 631 646 680 716 718 838 845 914 917 929 934"],
  ["US-NC", "New_York", "252 336 472 704 743 828 910 919 980 984"],
  ["US-ND", "Chicago Denver", "701"],
  ["US-OH", "New_York", "216 220 234 283 326 330 380 419 436 440 513 567 614 740 937"],
  ["US-OK", "Chicago", "405 539 572 580 918"],
  ["US-OR", "Los_Angeles", "503 971"],
  ["US-OR", "Denver Los_Angeles", "458 541"],
  ["US-PA", "New_York", "215 223 267 272 412 445 484 570 582 610 717 724 814 835 878"],
  ["US-RI", "New_York", "401"],
  ["US-SC", "New_York", "803 821 839 843 854 864"],
  ["US-SD", "Chicago Denver", "605"],
  ["US-TN", "Chicago", "615 629 731 901 931"],
  ["US-TN", "Chicago New_York", "423"],
  ["US-TN", "New_York", "865"],
  [
    "US-TX",
    "Chicago",
    "210 214 254 281 325 346 361 409 430 432 469 512 682 713 726 737 806 817 830 832 903 936 940 945 956 972 979"
  ],
  ["US-TX", "Denver", "915"],
  ["US-UT", "Denver", "385 435 801"],
  ["US-VT", "New_York", "802"],
  ["US-VA", "New_York", "276 434 540 571 686 703 757 804 826 948"],
  ["US-WA", "Los_Angeles", "206 253 360 425 509 564"],
  ["US-WV", "New_York", "304 681"],
  ["US-WI", "Chicago", "262 274 353 414 534 608 715 920"],
  ["US-WY", "Denver", "307"],
  ["CA-AB", "Edmonton", "368 403 587 780 825"],
  ["CA-BC", "Vancouver", "604"],
  ["CA-BC", "Vancouver Edmonton Fort_Nelson", "236 250 257 672 778"],
  ["CA-MB", "Winnipeg", "204 431 584"],
  ["CA-NB", "Halifax", "428 506"],
  ["CA-NL", "St_Johns Halifax", "709 879"],
  ["CA-NS", "Halifax", "782 902"],
  ["CA-NT", "Whitehorse Vancouver Edmonton Winnipeg Toronto Panama", "867"],
  ["CA-ON", "Toronto", "226 249 289 343 365 382 416 437 519 548 613 647 683 705 742 753 905 942"],
  ["CA-ON", "Toronto Winnipeg", "807"],
  ["CA-QC", "Toronto", "263 354 367 438 450 468 514 579 581 819 873"],
  ["CA-QC", "Toronto Halifax", "418"],
  ["CA-SK", "Regina", "306 474 639"]
]

/** The areas by their codes. */
export const areas: ReadonlyMap<string, Area> = new Map(
  rows.flatMap(([region, names, codes]) => {
    const zones = names.split(" ").map((name) => name.includes("/") ? name : `America/${name}`)
    return codes.split(" ").map((code) => [code, { region, zones }] as const)
  })
)
