namespace Fabric.Bgp.Wire;

/// <summary>NOTIFICATION codes and subcodes by name.</summary>
/// <remarks>RFC 4271 section 4.5, RFC 4486, RFC 5492, RFC 6608, RFC 7313, RFC 8538, RFC 9384, RFC 9687.</remarks>
public static class BgpError
{
    public const byte Header = 1;
    public const byte NotSynchronized = 1;
    public const byte BadLength = 2;
    public const byte BadType = 3;

    public const byte Open = 2;
    public const byte UnsupportedVersion = 1;
    public const byte BadPeerAs = 2;
    public const byte BadIdentifier = 3;
    public const byte UnsupportedParameter = 4;
    public const byte UnacceptableHoldTime = 6;
    public const byte UnsupportedCapability = 7;

    public const byte Update = 3;
    public const byte MalformedAttributeList = 1;
    public const byte UnrecognizedWellKnown = 2;
    public const byte MissingWellKnown = 3;
    public const byte AttributeFlags = 4;
    public const byte AttributeLength = 5;
    public const byte OptionalAttribute = 9;
    public const byte InvalidNetwork = 10;

    public const byte HoldTimer = 4;

    public const byte StateMachine = 5;

    public const byte Cease = 6;
    public const byte MaximumPrefixes = 1;
    public const byte AdministrativeShutdown = 2;
    public const byte PeerDeconfigured = 3;
    public const byte AdministrativeReset = 4;
    public const byte ConnectionRejected = 5;
    public const byte ConfigurationChange = 6;
    public const byte Collision = 7;
    public const byte OutOfResources = 8;
    public const byte HardReset = 9;
    public const byte BfdDown = 10;

    public const byte RouteRefresh = 7;
    public const byte InvalidRefreshLength = 1;

    public const byte SendHoldTimer = 8;

    /// <summary>A name for people, with the numbers.</summary>
    public static string Name(byte code, byte subcode)
    {
        var name = (code, subcode) switch
        {
            (Header, NotSynchronized) => "header: connection not synchronized",
            (Header, BadLength) => "header: bad message length",
            (Header, BadType) => "header: bad message type",
            (Header, _) => "header error",
            (Open, UnsupportedVersion) => "OPEN: unsupported version",
            (Open, BadPeerAs) => "OPEN: bad peer AS",
            (Open, BadIdentifier) => "OPEN: bad BGP identifier",
            (Open, UnsupportedParameter) => "OPEN: unsupported optional parameter",
            (Open, UnacceptableHoldTime) => "OPEN: unacceptable hold time",
            (Open, UnsupportedCapability) => "OPEN: unsupported capability",
            (Open, _) => "OPEN error",
            (Update, MalformedAttributeList) => "UPDATE: malformed attribute list",
            (Update, UnrecognizedWellKnown) => "UPDATE: unrecognized well-known attribute",
            (Update, MissingWellKnown) => "UPDATE: missing well-known attribute",
            (Update, AttributeFlags) => "UPDATE: attribute flags error",
            (Update, AttributeLength) => "UPDATE: attribute length error",
            (Update, OptionalAttribute) => "UPDATE: optional attribute error",
            (Update, InvalidNetwork) => "UPDATE: invalid network field",
            (Update, _) => "UPDATE error",
            (HoldTimer, _) => "hold timer expired",
            (StateMachine, 1) => "unexpected message in OpenSent",
            (StateMachine, 2) => "unexpected message in OpenConfirm",
            (StateMachine, 3) => "unexpected message in Established",
            (StateMachine, _) => "state machine error",
            (Cease, MaximumPrefixes) => "cease: maximum number of prefixes reached",
            (Cease, AdministrativeShutdown) => "cease: administrative shutdown",
            (Cease, PeerDeconfigured) => "cease: peer de-configured",
            (Cease, AdministrativeReset) => "cease: administrative reset",
            (Cease, ConnectionRejected) => "cease: connection rejected",
            (Cease, ConfigurationChange) => "cease: other configuration change",
            (Cease, Collision) => "cease: connection collision resolution",
            (Cease, OutOfResources) => "cease: out of resources",
            (Cease, HardReset) => "cease: hard reset",
            (Cease, BfdDown) => "cease: BFD down",
            (Cease, _) => "cease",
            (RouteRefresh, InvalidRefreshLength) => "ROUTE-REFRESH: invalid message length",
            (RouteRefresh, _) => "ROUTE-REFRESH error",
            (SendHoldTimer, _) => "send hold timer expired",
            _ => "unknown error",
        };
        return $"{name} ({code}/{subcode})";
    }
}
