"""The rules that decide whether a database starts, on a real Patroni and PostgreSQL."""

from harbor import RULES
from lab import Lab
from node import Node
from operator_env import environment


def test_a_node_with_the_nine_rules_leads(lab: Lab) -> None:
    node = Node(lab, "smoke-0", environment("smoke", RULES)).start().wait_leader()
    assert node.sql("show lc_collate") == "en_US.UTF-8"
