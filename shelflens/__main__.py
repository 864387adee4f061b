from shelflens.cli import main

main()
