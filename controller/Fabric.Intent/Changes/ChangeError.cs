using Fabric.Intent.Resources;

namespace Fabric.Intent.Changes;

/// <summary>Why a change set is refused, in classes that callers act upon.</summary>
public enum ChangeErrorKind
{
    /// <summary>The change asks for something that cannot be.</summary>
    Invalid,

    /// <summary>The resource to change is not there.</summary>
    NotFound,

    /// <summary>A resource of this name is there already.</summary>
    AlreadyExists,

    /// <summary>The resource has changed since its author saw it.</summary>
    Stale,

    /// <summary>Other resources need the one to be deleted.</summary>
    InUse,

    /// <summary>Somebody else holds a number or an address that the change asks for, or a pool is used up.</summary>
    Conflict,
}

/// <summary>One reason to refuse a change set.</summary>
/// <param name="Kind">Class of the reason.</param>
/// <param name="ChangeIndex">Which change, from 0.</param>
/// <param name="Key">The resource that the change is about.</param>
/// <param name="Pointer">JSON pointer (RFC 6901) within the resource, such as <c>/spec/gateways/0</c>.</param>
/// <param name="Message">What is wrong and what to do, one sentence.</param>
public sealed record ChangeError(ChangeErrorKind Kind, int ChangeIndex, ResourceKey Key, string Pointer, string Message);
