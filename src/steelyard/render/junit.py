"""JUnit XML: one test case a gate, so that any build server shows the verdict.

What could not be told is an `error`, never a pass and never `skipped`, which build servers
colour green. Source: the schema of Jenkins' xUnit plugin (junit-10.xsd), Maven Surefire's.
"""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from steelyard.errors import InputError
from steelyard.evidence.predicates.audit import Audit, GateResult
from steelyard.evidence.predicates.comparison import Comparison
from steelyard.evidence.predicates.inspection import Inspection
from steelyard.evidence.statement import Statement
from steelyard.evidence.value import SEVERITIES, Severity
from steelyard.render import document, text, words

LEAST: Severity = "medium"
"""A finding below this does not fail its test case."""


def render(statement: Statement) -> str:
    """One test suite.

    Raises:
        InputError: the statement is about neither an audit nor an inspection.
    """
    match document.read(statement):
        case Audit() as found:
            suite = _suite(f"steelyard audit {found.policy}", words.name_of(found))
            for gate in found.gates:
                _gate(suite, gate)
        case Inspection() as found:
            suite = _suite("steelyard inspect", statement.subject[0].name)
            _inspection(suite, found)
        case Comparison():
            raise InputError("JUnit takes an audit or an inspection: a comparison passes no test")
    for name, child in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
        within = suite.findall(f".//{child}")
        suite.set(name, str(len(within)))
    suite.set("skipped", "0")
    suites = Element("testsuites")
    suites.append(suite)
    indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(suites, encoding="unicode")}\n'


def _suite(name: str, model: str) -> Element:
    suite = Element("testsuite", name=text.line(name), time="0")
    properties = SubElement(suite, "properties")
    SubElement(properties, "property", name="model", value=text.line(model))
    return suite


def _gate(suite: Element, gate: GateResult) -> None:
    probe, _, measure = gate.metric.rpartition(".")
    case = SubElement(
        suite,
        "testcase",
        classname=text.line(f"steelyard.{probe}"),
        name=text.line(f"{measure} {gate.op} {gate.threshold:g}"),
        time="0",
    )
    reason = text.line(gate.reason, 500)
    match gate.state:
        case "pass":
            pass
        case "fail":
            SubElement(case, "failure", type=gate.severity, message=reason).text = reason
        case state:
            SubElement(case, "error", type=state, message=reason).text = reason


def _inspection(suite: Element, found: Inspection) -> None:
    for file in found.files:
        case = _case(suite, f"steelyard.{file.format}", file.path)
        for finding in found.findings:
            severe = SEVERITIES.index(finding.severity) >= SEVERITIES.index(LEAST)
            if finding.place.path == file.path and severe:
                message = text.line(f"{finding.rule}: {finding.message}", 500)
                SubElement(case, "failure", type=finding.severity, message=message)
        if file.verdict == "unreadable":
            SubElement(case, "error", type="unreadable", message="the reader could not finish")
    paths = {file.path for file in found.files}
    for finding in found.findings:
        if finding.place.path not in paths:
            case = _case(suite, "steelyard.model", finding.rule)
            message = text.line(finding.message, 500)
            SubElement(case, "failure", type=finding.severity, message=message)
    for item in found.skipped:
        case = _case(suite, "steelyard.skipped", item.what)
        SubElement(case, "error", type="skipped", message=text.line(item.reason, 500))


def _case(suite: Element, group: str, name: str) -> Element:
    return SubElement(suite, "testcase", classname=text.line(group), name=text.line(name), time="0")
