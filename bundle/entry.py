"""What the single binary runs: the `majlis` script, in the environment that its caller had."""

from config.payload import enter_payload

enter_payload()

from actors.cli import main  # noqa: E402 - the payload is held before most of it is read

main()
