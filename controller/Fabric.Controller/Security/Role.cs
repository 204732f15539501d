namespace Fabric.Controller.Security;

/// <summary>What a token may do; each role may do what those before it may.</summary>
public enum Role
{
    /// <summary>Read everything except tokens and the audit log.</summary>
    Viewer,

    /// <summary>Write intent.</summary>
    Operator,

    /// <summary>Everything, tokens and the audit log included.</summary>
    Admin,
}

/// <summary>Names of roles as the API writes them.</summary>
public static class Roles
{
    /// <summary>The role with this name, or null.</summary>
    public static Role? Parse(string? name) => name switch
    {
        "viewer" => Role.Viewer,
        "operator" => Role.Operator,
        "admin" => Role.Admin,
        _ => null,
    };

    /// <summary>The name of a role.</summary>
    public static string Name(this Role role) => role switch
    {
        Role.Viewer => "viewer",
        Role.Operator => "operator",
        _ => "admin",
    };
}
