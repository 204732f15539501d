namespace Fabric.Bgp.Wire;

/// <summary>What a speaker can do with several paths of one route, RFC 7911 section 4.</summary>
/// <param name="Family">The family.</param>
/// <param name="Directions">Whether it receives them, sends them, or both.</param>
public readonly record struct AddPathOffer(AddressFamily Family, AddPathDirections Directions);

/// <summary>The Send/Receive field of the add-path capability.</summary>
[Flags]
public enum AddPathDirections : byte
{
    /// <summary>Neither; never on the wire.</summary>
    None = 0,

    /// <summary>Several paths can be received.</summary>
    Receive = 1,

    /// <summary>Several paths can be sent.</summary>
    Send = 2,

    /// <summary>Both.</summary>
    Both = Receive | Send,
}
