//! Varlink itself: from a message to a [`Method`], and `org.varlink.service`, which every service has.

use serde_json::{Value, json};

use super::protocol::{DEFINITION, Failure, INTERFACE, Method, WireCall, WireReply};

/// The interface that every varlink service has (<https://varlink.org/Service>).
const SERVICE: &str = "org.varlink.service";

const SERVICE_DEFINITION: &str = "\
# The Varlink Service Interface is provided by every varlink service. It
# describes the service and the interfaces it implements.
interface org.varlink.service

# Get a list of all the interfaces a service provides and information
# about the implementation.
method GetInfo() -> (
  vendor: string,
  product: string,
  version: string,
  url: string,
  interfaces: []string
)

# Get the description of an interface that is implemented by this service.
method GetInterfaceDescription(interface: string) -> (description: string)

# The requested interface was not found.
error InterfaceNotFound (interface: string)

# The requested method was not found
error MethodNotFound (method: string)

# The interface defines the requested method, but the service does not
# implement it.
error MethodNotImplemented (method: string)

# One of the passed parameters is invalid.
error InvalidParameter (parameter: string)

# Client is denied access
error PermissionDenied ()

# Method is expected to be called with 'more' set to true, but wasn't
error ExpectedMore ()
";

/// What a call asks for.
#[derive(Debug)]
pub enum Asked {
    /// One of ours.
    Method(Method),
    /// Answered already.
    Reply(WireReply),
}

/// A reply with parameters.
pub(super) fn reply(parameters: Value) -> WireReply {
    WireReply { error: None, parameters, continues: false }
}

/// One of our errors.
pub(super) fn failure(failure: &Failure) -> WireReply {
    let (name, sentence) = failure.parts();
    error(INTERFACE, name, json!({ "sentence": sentence }))
}

fn error(interface: &str, name: &str, parameters: Value) -> WireReply {
    WireReply { error: Some(format!("{interface}.{name}")), parameters, continues: false }
}

/// It has to be called with `more`.
pub(super) fn expected_more() -> WireReply {
    error(SERVICE, "ExpectedMore", json!({}))
}

/// What a call asks for, or its reply where no state is needed.
#[must_use]
pub fn understand(call: WireCall) -> Asked {
    let WireCall { method, parameters, oneway: _, more: _ } = call;
    let parameters = parameters.filter(|value| !value.is_null()).unwrap_or_else(|| json!({}));
    match method.rsplit_once('.') {
        Some((SERVICE, name)) => Asked::Reply(service(name, &parameters)),
        Some((INTERFACE, name)) => ours(name, parameters),
        Some((interface, _)) => Asked::Reply(error(SERVICE, "InterfaceNotFound", json!({ "interface": interface }))),
        None => Asked::Reply(error(SERVICE, "MethodNotFound", json!({ "method": method }))),
    }
}

fn ours(name: &str, parameters: Value) -> Asked {
    match serde_json::from_value(json!({ "method": name, "parameters": parameters })) {
        Ok(method) => Asked::Method(method),
        Err(wrong) if wrong.to_string().starts_with("unknown variant") && !is_method(name) => {
            Asked::Reply(error(SERVICE, "MethodNotFound", json!({ "method": format!("{INTERFACE}.{name}") })))
        }
        Err(wrong) => {
            let message = wrong.to_string();
            // serde_json puts names of fields in backticks: the first is the parameter.
            let parameter = message.split('`').nth(1).unwrap_or("parameters");
            Asked::Reply(error(SERVICE, "InvalidParameter", json!({ "parameter": parameter })))
        }
    }
}

fn is_method(name: &str) -> bool {
    DEFINITION.contains(&format!("\nmethod {name}("))
}

fn service(name: &str, parameters: &Value) -> WireReply {
    match name {
        "GetInfo" => reply(json!({
            "vendor": "kiosk",
            "product": "kioskd",
            "version": env!("CARGO_PKG_VERSION"),
            "url": "",
            "interfaces": [SERVICE, INTERFACE],
        })),
        "GetInterfaceDescription" => match parameters.get("interface").and_then(Value::as_str) {
            Some(SERVICE) => reply(json!({ "description": SERVICE_DEFINITION })),
            Some(INTERFACE) => reply(json!({ "description": DEFINITION })),
            Some(other) => error(SERVICE, "InterfaceNotFound", json!({ "interface": other })),
            None => error(SERVICE, "InvalidParameter", json!({ "parameter": "interface" })),
        },
        _ => error(SERVICE, "MethodNotFound", json!({ "method": format!("{SERVICE}.{name}") })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::protocol::ButtonName;

    fn asked(method: &str, parameters: Option<Value>) -> Asked {
        understand(WireCall { method: method.to_owned(), parameters, oneway: false, more: false })
    }

    #[test]
    fn calls_become_methods() {
        for (method, parameters, expected) in [
            ("Status", None, Method::Status {}),
            ("Status", Some(json!({})), Method::Status {}),
            ("Status", Some(Value::Null), Method::Status {}),
            ("Call", None, Method::Call { peer: None }),
            ("Call", Some(json!({ "peer": null })), Method::Call { peer: None }),
            (
                "Press",
                Some(json!({ "button": "hang_up", "hold_ms": 800 })),
                Method::Press { button: ButtonName::HangUp, hold_ms: Some(800) },
            ),
        ] {
            match asked(&format!("{INTERFACE}.{method}"), parameters) {
                Asked::Method(found) => assert_eq!(found, expected),
                Asked::Reply(reply) => panic!("{method}: {reply:?}"),
            }
        }
    }

    #[test]
    fn wrong_calls_get_the_errors_of_the_specification() {
        for (method, parameters, expected, detail) in [
            ("Status", json!({}), "MethodNotFound", "Status"),
            ("org.example.Status", json!({}), "InterfaceNotFound", "org.example"),
            ("org.kiosk.Kioskd.Explode", json!({}), "MethodNotFound", "org.kiosk.Kioskd.Explode"),
            ("org.kiosk.Kioskd.Camera", json!({}), "InvalidParameter", "on"),
            ("org.kiosk.Kioskd.Camera", json!({ "on": true, "off": 1 }), "InvalidParameter", "off"),
            ("org.kiosk.Kioskd.Press", json!({ "button": "nose" }), "InvalidParameter", "nose"),
            ("org.kiosk.Kioskd.Camera", json!([1]), "InvalidParameter", "parameters"),
            ("org.varlink.service.Nothing", json!({}), "MethodNotFound", "org.varlink.service.Nothing"),
            ("org.varlink.service.GetInterfaceDescription", json!({}), "InvalidParameter", "interface"),
        ] {
            let Asked::Reply(reply) = asked(method, Some(parameters)) else { panic!("{method} was taken") };
            assert_eq!(reply.error, Some(format!("{SERVICE}.{expected}")), "{method}");
            assert!(reply.parameters.to_string().contains(detail), "{method}: {}", reply.parameters);
        }
    }

    #[test]
    fn the_definition_has_every_method() {
        for line in DEFINITION.lines().filter_map(|line| line.strip_prefix("method ")) {
            let name = line.split('(').next().expect("a name");
            let Asked::Reply(reply) = asked(&format!("{INTERFACE}.{name}"), Some(json!({ "surplus": 1 }))) else {
                panic!("{name} takes anything")
            };
            assert_eq!(reply.error.as_deref(), Some("org.varlink.service.InvalidParameter"), "{name}");
        }
    }
}
